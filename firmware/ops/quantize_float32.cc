// QUANTIZE of float32 to int8 and int16; tensorflow/lite/kernels/internal/reference/quantize.h.
#include <math.h>

#include "map.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

template <typename Out>
int32_t quantize_to(const weft_op_t *op) {
    const weft_tensor_t *out = op->outputs[0];
    const float scale = out->scale;
    const int32_t zero_point = out->zero_point;
    constexpr int32_t kHigh = sizeof(Out) == 1 ? INT8_MAX : INT16_MAX;
    return weft_map<float, Out>(op, [=](float x) -> int32_t {
        const float code = roundf(x / scale);
        // What does not fit into int32, or is no number, has no result in the reference.
        if (!(code > -65536.0f)) return -kHigh - 1;
        if (code > 65536.0f) return kHigh;
        return weft_clamp(static_cast<int32_t>(code) + zero_point, -kHigh - 1, kHigh);
    });
}

int32_t quantize(const weft_op_t *op) {
    return op->outputs[0]->type == WEFT_TYPE_INT8 ? quantize_to<int8_t>(op)
                                                  : quantize_to<int16_t>(op);
}

}  // namespace

WEFT_OP("QUANTIZE_FLOAT32", quantize)
