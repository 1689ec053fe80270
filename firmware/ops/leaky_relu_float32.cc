// LEAKY_RELU of float32; tensorflow/lite/kernels/internal/reference/leaky_relu.h.
#include "map.h"
#include "weft_op.h"

namespace {

int32_t leaky_relu(const weft_op_t *op) {
    const float alpha = weft_params<weft_float_params_t>(op)->value;
    return weft_map<float, float>(op, [=](float x) { return x > 0 ? x : x * alpha; });
}

}  // namespace

WEFT_OP("LEAKY_RELU_FLOAT32", leaky_relu)
