// ADD of int8 with NumPy's broadcasting.
//
// tensorflow/lite/kernels/internal/reference/add.h: both operands are brought to twice the larger
// scale with 20 more bits, added, and requantised.
#include "broadcast.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

struct Operand {
    int32_t zero_point, left_shift, right_shift;
    uint32_t doubled_multiplier;

    Operand(const weft_tensor_t *tensor, int32_t left, int32_t multiplier, int32_t shift)
        : zero_point(tensor->zero_point),
          left_shift(left),
          right_shift(-shift),
          doubled_multiplier(static_cast<uint32_t>(multiplier) << 1) {}

    int32_t scaled(int32_t code) const {
        const int32_t value = static_cast<int32_t>(
            static_cast<uint32_t>(code - zero_point) << left_shift);
        return weft_rdbp(weft_srdhm_doubled(value, doubled_multiplier), right_shift);
    }
};

int32_t add(const weft_op_t *op) {
    const weft_tensor_t *a = op->inputs[0], *b = op->inputs[1], *out = op->outputs[0];
    if (a->type != WEFT_TYPE_INT8 || b->type != WEFT_TYPE_INT8 || out->type != WEFT_TYPE_INT8)
        return WEFT_STATUS_TYPE;
    weft_broadcast_t shape;
    if (!weft_broadcast(&shape, a, b, out)) return WEFT_STATUS_SHAPE;

    const weft_add_params_t p = *static_cast<const weft_add_params_t *>(op->params);
    const Operand operand_a(a, p.left_shift, p.multiplier_a, p.shift_a);
    const Operand operand_b(b, p.left_shift, p.multiplier_b, p.shift_b);
    const int32_t zero_point = out->zero_point;
    const int8_t *codes_a = static_cast<const int8_t *>(a->data);
    const int8_t *codes_b = static_cast<const int8_t *>(b->data);
    int8_t *to = static_cast<int8_t *>(out->data);
    weft_broadcast_rows(&shape, [&](int32_t at_a, int32_t at_b, int32_t n) {
        const int8_t *pa = codes_a + at_a, *pb = codes_b + at_b;
        for (int32_t i = 0; i < n; i++, pa += shape.row_step_a, pb += shape.row_step_b) {
            const int32_t sum = operand_a.scaled(*pa) + operand_b.scaled(*pb);
            const int32_t code = weft_mbqm(sum, p.multiplier_out, p.shift_out) + zero_point;
            *to++ = weft_clamp(code, p.low, p.high);
        }
    });
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("ADD", add)
