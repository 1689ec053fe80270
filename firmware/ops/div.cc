// DIV of int8; tensorflow/lite/kernels/internal/reference/div.h. A divisor of zero is an error.
//
// Small quotients take shifts by more than 31 bits, which C++ leaves undefined: the kernel then gives
// what its machine does. Here it is that of x86, which takes the count modulo 32.
#include "pairs.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

// weft_rdbp for exponents up to 62.
int32_t rounded_shift(int32_t x, int32_t exponent) {
    if (exponent <= 31) return weft_rdbp(x, exponent);
    return (x >> (exponent & 31)) + (x >= 0);
}

int32_t div(const weft_op_t *op) {
    const weft_pair_params_t p = *weft_params<weft_pair_params_t>(op);
    const int32_t zero_a = op->inputs[0]->zero_point, zero_b = op->inputs[1]->zero_point;
    const int32_t zero_point = op->outputs[0]->zero_point;
    return weft_map_pairs<int8_t, int8_t, int8_t>(op, [=](int32_t a, int32_t b) -> int8_t {
        int32_t dividend = a - zero_a, divisor = b - zero_b;
        if (divisor == 0) weft_fail(WEFT_STATUS_ERROR);
        if (divisor < 0) {
            dividend = -dividend;
            divisor = -divisor;
        }
        int32_t reciprocal_shift;
        const int32_t reciprocal = weft_reciprocal(divisor, 31, &reciprocal_shift);
        const int32_t spare = __builtin_clrsb(dividend);
        const uint32_t shifted = static_cast<uint32_t>(dividend) << spare;
        const int32_t quotient = weft_srdhm(static_cast<int32_t>(shifted), reciprocal);
        const int32_t right = reciprocal_shift + spare - p.shift;
        const int32_t high = weft_srdhm(quotient, p.multiplier);
        const int32_t code = rounded_shift(high, right) + zero_point;
        return weft_clamp(code, p.low, p.high);
    });
}

}  // namespace

WEFT_OP("DIV", div)
