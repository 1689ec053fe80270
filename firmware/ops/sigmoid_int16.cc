// LOGISTIC and TANH of int16.
#include "map.h"
#include "sigmoid.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

int32_t sigmoid(const weft_op_t *op) {
    const weft_sigmoid_params_t p = *weft_params<weft_sigmoid_params_t>(op);
    const int32_t half = p.shift > 0 ? 1 << (p.shift - 1) : 0;
    const bool is_tanh = p.is_tanh;
    return weft_map<int16_t, int16_t>(op, [=](int32_t code) -> int16_t {
        const int32_t value = (code * p.multiplier + half) >> p.shift;
        return static_cast<int16_t>(is_tanh ? weft_tanh(value) : weft_logistic(value));
    });
}

}  // namespace

WEFT_OP("SIGMOID_INT16", sigmoid)
