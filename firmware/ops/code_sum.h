// Sums of codes of one scale, as ADD_N and CUMSUM scale them.
#ifndef WEFT_OPS_CODE_SUM_H
#define WEFT_OPS_CODE_SUM_H

#include "weft_fixed_point.h"

inline constexpr int32_t kWeftSumBits = 19;  // compiler/ops/sums.py

// The code of a sum of codes above their zero point; 2^19 times the sum wraps.
inline int8_t weft_sum_code(int32_t sum, int32_t multiplier, int32_t shift, int32_t zero_point) {
    const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(sum) << kWeftSumBits);
    const int32_t code = weft_mbqm(shifted, multiplier, shift) + zero_point;
    return static_cast<int8_t>(weft_clamp(code, INT8_MIN, INT8_MAX));
}

#endif  // WEFT_OPS_CODE_SUM_H
