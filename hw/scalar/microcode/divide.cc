#include "divide.h"

uint32_t divide(uint32_t funct3, uint32_t a, uint32_t b) {
    const bool rest_wanted = funct3 & 2;
    bool negates = false;
    if (!(funct3 & 1)) {
        // The rest has the sign of `a`; a quotient by zero is all ones.
        negates = (rest_wanted ? a : b ? a ^ b : 0) >> 31;
        if (a >> 31) a = -a;
        if (b >> 31) b = -b;
    }
    uint32_t rest = 0;
    for (int bits = 32; bits; bits--) {  // `a` becomes the quotient
        const bool beyond = rest >> 31;
        rest = rest << 1 | a >> 31;
        a <<= 1;
        if (beyond || rest >= b) {
            rest -= b;
            a |= 1;
        }
    }
    const uint32_t result = rest_wanted ? rest : a;
    return negates ? -result : result;
}
