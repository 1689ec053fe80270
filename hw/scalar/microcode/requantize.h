// TensorFlow Lite's scaling of sums to codes; arch/quant.py says what it computes.
#ifndef WEFT_REQUANTIZE_H
#define WEFT_REQUANTIZE_H

#include <stdint.h>

// x * multiplier * 2^(shift - 31), rounded twice.
struct Scale {
    uint32_t doubled;  // twice the multiplier, which is below 2^31
    int32_t right;     // to the right by 1 + right; to the left by -1 - right where negative

    static Scale of(uint32_t multiplier, int32_t shift) { return {multiplier << 1, ~shift}; }

    int32_t operator()(int32_t x) const {
        if (__builtin_expect(right < 0, 0))
            x = static_cast<int32_t>(static_cast<uint32_t>(x) << ~right);
        // The top of the product, rounded by the bit below.
        const uint64_t product = static_cast<uint64_t>(static_cast<int64_t>(x) *
                                                       static_cast<int64_t>(doubled));
        int32_t y = static_cast<int32_t>((product >> 32) + (static_cast<uint32_t>(product) >> 31));
        // To nearest, ties away from zero. |y| < 2^31 - 1, as the multiplier is less than 1.
        if (__builtin_expect(right >= 0, 1)) y = (((y + (y >> 31)) >> right) + 1) >> 1;
        return y;
    }
};

// What follows the scaling.
struct Range {
    int32_t zero_point, low, high;

    int32_t operator()(int32_t x) const {
        const int32_t y = static_cast<int32_t>(static_cast<uint32_t>(x) + zero_point);
        const int32_t above = y < low ? low : y;
        return above > high ? high : above;
    }
};

#endif  // WEFT_REQUANTIZE_H
