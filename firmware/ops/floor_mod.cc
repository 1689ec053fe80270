// FLOOR_MOD of int32 and float32; tensorflow/lite/kernels/internal/reference/floor_mod.h. An
// integer divisor of zero is an error.
#include <math.h>

#include "pairs.h"
#include "weft_op.h"

namespace {

int32_t truncated(int32_t a, int32_t b) {
    if (b == 0) weft_fail(WEFT_STATUS_ERROR);
    return b == -1 ? 0 : a % b;
}

float truncated(float a, float b) { return fmodf(a, b); }

int32_t floor_mod(const weft_op_t *op) {
    return weft_map_equal_pairs<int32_t, float>(op, [](auto a, auto b) {
        const auto remainder = truncated(a, b);
        return remainder != 0 && (b < 0) != (remainder < 0) ? remainder + b : remainder;
    });
}

}  // namespace

WEFT_OP("FLOOR_MOD", floor_mod)
