// MultiplyByQuantizedMultiplier, an output's zero point and its bounds in one mulh and few sums,
// for products of codes and scales below one half, which is nearly always.
#ifndef WEFT_OPS_QUICK_RESCALE_H
#define WEFT_OPS_QUICK_RESCALE_H

#include "weft_fixed_point.h"

// What it takes is four times the product, which is below 2^17.
//
// floor(floor(p * 4 * m / 2^32) / 2 + 1/2) is what doubles, multiplies and rounds the product. The
// second rounding, by 2^-shift, is away from zero: a negative number loses one before half is
// added.
// Both halvings are one shift in the end; the zero point is added before it.
struct weft_quick_rescale_t {
    static constexpr int32_t kLeastShift = -20;  // the zero point fits beside the sums

    int32_t multiplier, offset, right, low, range;

    weft_quick_rescale_t(int32_t multiplier, int32_t shift, int32_t zero_point, int32_t low,
                         int32_t high)
        : multiplier(multiplier),
          offset(zero_point * (1 << (1 - shift)) + (1 << -shift)),
          right(1 - shift),
          low(low),
          range(high - low) {}

    static bool is_possible(int32_t shift) { return shift < 0 && shift >= kLeastShift; }

    int32_t operator()(int32_t product_times_4) const {
        const int32_t code = unclamped(product_times_4);
        const bool is_inside = static_cast<uint32_t>(code - low) <= static_cast<uint32_t>(range);
        if (__builtin_expect(is_inside, true)) return code;
        return code < low ? low : low + range;
    }

    int32_t unclamped(int32_t product_times_4) const {
        const int32_t doubled =
            static_cast<int32_t>((static_cast<int64_t>(product_times_4) * multiplier) >> 32) + 1;
        const int32_t sign = doubled >> 31;
        return (doubled + sign + sign + offset) >> right;
    }
};

#endif  // WEFT_OPS_QUICK_RESCALE_H
