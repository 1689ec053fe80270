// DEQUANTIZE of int8, uint8 and int16; tensorflow/lite/kernels/internal/reference/dequantize.h.
#include "map.h"
#include "weft_op.h"

namespace {

int32_t dequantize(const weft_op_t *op) {
    const double scale = op->inputs[0]->scale;
    const int32_t zero_point = op->inputs[0]->zero_point;
    return weft_for_type<int8_t, uint8_t, int16_t>(op->inputs[0]->type, [&](auto tag) {
        typedef typename decltype(tag)::type T;
        return weft_map<T, float>(
            op, [=](T code) { return static_cast<float>(scale * (code - zero_point)); });
    });
}

}  // namespace

WEFT_OP("DEQUANTIZE", dequantize)
