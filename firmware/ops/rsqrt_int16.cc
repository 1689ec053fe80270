// RSQRT of int16; tensorflow/lite/micro/kernels/elementwise.cc. A code below zero is an error.
#include "inverse_square_root.h"
#include "map.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kIntegerBits = 20;

int32_t rsqrt(const weft_op_t *op) {
    const weft_rsqrt_params_t p = *weft_params<weft_rsqrt_params_t>(op);
    return weft_map<int16_t, int16_t>(op, [=](int32_t code) -> int32_t {
        if (code < 0) weft_fail(WEFT_STATUS_ERROR);
        if (code == 0) return INT16_MAX;
        int32_t shift;
        const int32_t multiplier = weft_inverse_square_root(code, &shift);
        const int32_t inverse = weft_mbqm(1, multiplier, shift + kIntegerBits);
        const int32_t result = weft_mbqm(inverse, p.multiplier, p.shift - kIntegerBits);
        return weft_clamp(result, INT16_MIN, INT16_MAX);
    });
}

}  // namespace

WEFT_OP("RSQRT_INT16", rsqrt)
