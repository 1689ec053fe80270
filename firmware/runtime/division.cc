// Division of float and double whose result is subnormal, rounded to nearest even as IEEE 754 asks.
//
// compiler_rt truncates such results. The linker sends every division here (--wrap); all others go
// on to compiler_rt, whose functions have the names __real_....
#include <stdint.h>
#include <string.h>

namespace {

template <typename Float, typename Bits, int kFractionBits>
struct Ieee {
    static constexpr int kBits = 8 * sizeof(Bits);
    static constexpr int kMaximum = (1 << (kBits - 1 - kFractionBits)) - 1;  // biased exponent
    static constexpr int kBias = kMaximum >> 1;
    static constexpr Bits kHidden = static_cast<Bits>(1) << kFractionBits;
    static constexpr Bits kSign = static_cast<Bits>(1) << (kBits - 1);

    Bits bits;

    explicit Ieee(Float value) { memcpy(&bits, &value, sizeof bits); }

    int exponent() const { return static_cast<int>(bits >> kFractionBits) & kMaximum; }
    bool is_zero() const { return !(bits & ~kSign); }

    // The significand with its leading bit at kHidden, and the exponent that goes with it.
    Bits significand(int *exponent_out) const {
        Bits value = bits & (kHidden - 1);
        *exponent_out = exponent();
        if (*exponent_out) return value | kHidden;
        *exponent_out = 1;
        for (; !(value & kHidden); value <<= 1) --*exponent_out;
        return value;
    }

    // Whether a / b may be subnormal: neither is zero, infinite or no number.
    static bool may_be_subnormal(Ieee a, Ieee b) {
        if (a.exponent() && a.exponent() - b.exponent() > 1 - kBias) return false;
        return a.exponent() != kMaximum && b.exponent() != kMaximum && !a.is_zero() && !b.is_zero();
    }

    // a / b in units of the smallest subnormal, or false where it is a normal number.
    static bool divide(Ieee a, Ieee b, Float *result) {
        int exponent_a, exponent_b;
        const Bits divisor = b.significand(&exponent_b);
        Bits remainder = a.significand(&exponent_a);
        int exponent = exponent_a - exponent_b + kBias;
        if (remainder < divisor) {
            remainder <<= 1;
            exponent--;
        }
        if (exponent >= 1) return false;
        // The quotient's leading bit is worth 2^(n_bits - 1) units; there may be none at all.
        const int n_bits = kFractionBits + exponent;
        Bits quotient = 0;
        for (int i = 0; i < n_bits; i++) {
            quotient <<= 1;
            if (remainder >= divisor) {
                remainder -= divisor;
                quotient |= 1;
            }
            remainder <<= 1;
        }
        // What is left is remainder / divisor, below 2, in halves of a unit.
        const bool more_than_half = n_bits >= 0 && remainder > divisor;
        const bool half = n_bits >= 0 && remainder == divisor;
        if (more_than_half || (half && (quotient & 1))) quotient++;
        quotient |= (a.bits ^ b.bits) & kSign;
        memcpy(result, &quotient, sizeof quotient);
        return true;
    }
};

using Single = Ieee<float, uint32_t, 23>;
using Double = Ieee<double, uint64_t, 52>;

}  // namespace

extern "C" {

float __real___divsf3(float a, float b);
double __real___divdf3(double a, double b);

float __wrap___divsf3(float a, float b) {
    const Single x(a), y(b);
    float result;
    if (Single::may_be_subnormal(x, y) && Single::divide(x, y, &result)) return result;
    return __real___divsf3(a, b);
}

double __wrap___divdf3(double a, double b) {
    const Double x(a), y(b);
    double result;
    if (Double::may_be_subnormal(x, y) && Double::divide(x, y, &result)) return result;
    return __real___divdf3(a, b);
}

}  // extern "C"
