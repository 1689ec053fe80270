// SQUARED_DIFFERENCE of int32 and float32; tensorflow/lite/micro/kernels/squared_difference.cc.
#include "plain.h"
#include "weft_op.h"

namespace {

int32_t squared_difference(const weft_op_t *op) {
    return weft_map_equal_pairs<int32_t, float>(op, [](auto a, auto b) {
        const auto difference = weft_unsigned(a) - weft_unsigned(b);
        return static_cast<decltype(a)>(difference * difference);
    });
}

}  // namespace

WEFT_OP("SQUARED_DIFFERENCE_PLAIN", squared_difference)
