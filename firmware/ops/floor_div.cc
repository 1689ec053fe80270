// FLOOR_DIV of int32 and float32; tensorflow/lite/kernels/floor_div.cc. A divisor of zero is an
// error.
#include <math.h>

#include "pairs.h"
#include "weft_op.h"

namespace {

int32_t quotient(int32_t a, int32_t b) {
    if (b == -1) return static_cast<int32_t>(0u - static_cast<uint32_t>(a));
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

float quotient(float a, float b) {
    return static_cast<float>(floor(static_cast<double>(a) / static_cast<double>(b)));
}

int32_t floor_div(const weft_op_t *op) {
    return weft_map_equal_pairs<int32_t, float>(op, [](auto a, auto b) {
        if (b == 0) weft_fail(WEFT_STATUS_ERROR);
        return quotient(a, b);
    });
}

}  // namespace

WEFT_OP("FLOOR_DIV", floor_div)
