// FLOOR_MOD of float32; tensorflow/lite/kernels/internal/reference/floor_mod.h.
#include <math.h>

#include "pairs.h"
#include "weft_op.h"

namespace {

int32_t floor_mod(const weft_op_t *op) {
    return weft_map_equal_pairs<float>(op, [](float a, float b) {
        const float remainder = fmodf(a, b);
        return remainder != 0 && (b < 0) != (remainder < 0) ? remainder + b : remainder;
    });
}

}  // namespace

WEFT_OP("FLOOR_MOD", floor_mod)
