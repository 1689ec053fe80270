// FLOOR_DIV of float32; tensorflow/lite/micro/kernels/floor_div.cc. A divisor of zero is an error.
#include <math.h>

#include "pairs.h"
#include "weft_op.h"

namespace {

int32_t floor_div(const weft_op_t *op) {
    return weft_map_equal_pairs<float>(op, [](float a, float b) {
        if (b == 0) weft_fail(WEFT_STATUS_ERROR);
        return static_cast<float>(floor(static_cast<double>(a) / static_cast<double>(b)));
    });
}

}  // namespace

WEFT_OP("FLOOR_DIV", floor_div)
