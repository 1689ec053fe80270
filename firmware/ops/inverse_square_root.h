// 1 / sqrt(n) as a multiplier and a shift; tensorflow/lite/kernels/internal/quantization_util.cc,
// GetInvSqrtQuantizedMultiplierExp.
#ifndef WEFT_OPS_INVERSE_SQUARE_ROOT_H
#define WEFT_OPS_INVERSE_SQUARE_ROOT_H

#include "weft_fixed_point.h"

// For n >= 0; *shift is what weft_mbqm takes.
inline int32_t weft_inverse_square_root(int32_t n, int32_t *shift) {
    *shift = 0;
    if (n <= 1) return INT32_MAX;
    int32_t right = 11;
    for (; n >= 1 << 29; n /= 4) right++;
    const int32_t pairs = (__builtin_clz(static_cast<uint32_t>(n)) - 1) / 2 - 1;
    right -= pairs;
    const int32_t a = (n << 2 * pairs) >> 1, half = weft_rdbp(a, 1);
    int32_t x = 1 << 28;
    for (int32_t i = 0; i < 5; i++) {
        const int32_t cube = weft_saturating_shift_left(weft_srdhm(weft_srdhm(x, x), x), 6);
        x = weft_saturating_shift_left(weft_srdhm(402653184, x) - weft_srdhm(half, cube), 3);
    }
    x = weft_srdhm(x, 1518500250);
    if (right < 0) return x << -right;
    *shift = -right;
    return x;
}

#endif  // WEFT_OPS_INVERSE_SQUARE_ROOT_H
