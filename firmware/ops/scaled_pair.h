// Two quantised operands at a common scale: ADD, SUB and SQUARED_DIFFERENCE.
#ifndef WEFT_OPS_SCALED_PAIR_H
#define WEFT_OPS_SCALED_PAIR_H

#include "types.h"
#include "weft_fixed_point.h"

struct weft_scaled_operand_t {
    int32_t zero_point, left_shift, right_shift;
    uint32_t doubled_multiplier;

    weft_scaled_operand_t(const weft_tensor_t *tensor, int32_t left, int32_t multiplier,
                          int32_t shift)
        : zero_point(tensor->zero_point),
          left_shift(left),
          right_shift(-shift),
          doubled_multiplier(static_cast<uint32_t>(multiplier) << 1) {}

    int32_t operator()(int32_t code) const {
        const int32_t value = static_cast<int32_t>(
            static_cast<uint32_t>(code - zero_point) << left_shift);
        return weft_rdbp(weft_srdhm_doubled(value, doubled_multiplier), right_shift);
    }
};

#endif  // WEFT_OPS_SCALED_PAIR_H
