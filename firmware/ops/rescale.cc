// RELU, RELU6, LEAKY_RELU, ABS and QUANTIZE of integers: a line with a bend at the zero point.
//
// tensorflow/lite/micro/kernels/ activations_common.cc, leaky_relu_common.cc, elementwise.cc,
// quantize_common.cc.
#include "map.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

template <typename In, typename Out>
int32_t rescale_of(const weft_op_t *op) {
    const weft_rescale_params_t p = *weft_params<weft_rescale_params_t>(op);
    return weft_map<In, Out>(op, [=](int32_t code) {
        const uint32_t offset = static_cast<uint32_t>(p.zero_point_in);
        const int32_t value = static_cast<int32_t>(static_cast<uint32_t>(code) - offset);
        const int32_t multiplier = value < 0 ? p.multiplier_below : p.multiplier;
        const int32_t shift = value < 0 ? p.shift_below : p.shift;
        const int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
        const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(value) << left);
        const int32_t scaled = weft_rdbp(weft_srdhm(shifted, multiplier), right);
        const uint32_t moved = static_cast<uint32_t>(scaled) + static_cast<uint32_t>(p.zero_point_out);
        return weft_clamp(static_cast<int32_t>(moved), p.low, p.high);
    });
}

// int8 to int8 is a table.
int32_t rescale(const weft_op_t *op) {
    const int32_t out = op->outputs[0]->type;
    switch (op->inputs[0]->type) {
        case WEFT_TYPE_INT8:
            return out == WEFT_TYPE_INT16 ? rescale_of<int8_t, int16_t>(op)
                                          : rescale_of<int8_t, int32_t>(op);
        case WEFT_TYPE_INT16:
            return weft_for_type<int8_t, int16_t, int32_t>(out, [&](auto tag) {
                return rescale_of<int16_t, typename decltype(tag)::type>(op);
            });
        case WEFT_TYPE_INT32:
            return out == WEFT_TYPE_INT8 ? rescale_of<int32_t, int8_t>(op)
                                         : rescale_of<int32_t, int16_t>(op);
        default: return WEFT_STATUS_TYPE;
    }
}

}  // namespace

WEFT_OP("RESCALE", rescale)
