// Arithmetic of int32 and float32 with a fused activation, in the reference's order of operations.
#ifndef WEFT_OPS_PLAIN_H
#define WEFT_OPS_PLAIN_H

#include "pairs.h"

inline int32_t weft_fused(const weft_plain_params_t *p, int32_t x) {
    x = x < p->low ? p->low : x;
    return p->high < x ? p->high : x;
}

// Infinities become the largest finite numbers, as in the reference.
inline float weft_fused(const weft_plain_params_t *p, float x) {
    x = x < p->low_f32 ? p->low_f32 : x;
    return p->high_f32 < x ? p->high_f32 : x;
}

// What int32 is computed in, so that it wraps.
inline uint32_t weft_unsigned(int32_t x) { return static_cast<uint32_t>(x); }
inline float weft_unsigned(float x) { return x; }

template <typename Function>
inline int32_t weft_plain(const weft_op_t *op, Function function) {
    const weft_plain_params_t *p = weft_params<weft_plain_params_t>(op);
    return weft_map_equal_pairs<int32_t, float>(op, [=](auto a, auto b) {
        const auto result = function(weft_unsigned(a), weft_unsigned(b));
        return weft_fused(p, static_cast<decltype(a)>(result));
    });
}

#endif  // WEFT_OPS_PLAIN_H
