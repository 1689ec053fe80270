// CUMSUM of int8 and float32: sums of all elements so far along one dimension.
//
// tensorflow/lite/kernels/internal/reference/cumsum.h. Sums of codes are of 2^19 times the codes
// above the zero point, and wrap. They begin with a code of 0, not with the zero point.
#include "axis.h"
#include "code_sum.h"
#include "types.h"
#include "weft_op.h"

namespace {

struct Codes {
    const weft_cumsum_params_t *p;
    int32_t zero_in, zero_out;

    int32_t start() const { return add(0, 0); }
    int32_t add(int32_t sum, int8_t code) const { return sum + code - zero_in; }
    int8_t result(int32_t sum) const {
        return weft_sum_code(sum, p->multiplier, p->shift, zero_out);
    }
};

struct Numbers {
    float start() const { return 0; }
    float add(float sum, float x) const { return sum + x; }
    float result(float sum) const { return sum; }
};

template <typename T, typename Sums>
int32_t cumsum_of(const weft_op_t *op, const Sums &sums) {
    const weft_cumsum_params_t p = *weft_params<weft_cumsum_params_t>(op);
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (out->type != in->type) return WEFT_STATUS_TYPE;
    if (p.axis < 0 || p.axis >= in->rank) return WEFT_STATUS_PARAMS;
    if (out->bytes != in->bytes) return WEFT_STATUS_SHAPE;
    const auto [outer, extent, inner] = weft_axis_t(in, p.axis);
    const int32_t first = p.is_reverse ? (extent - 1) * inner : 0;
    const int32_t step = p.is_reverse ? -inner : inner;
    for (int32_t n = 0; n < outer; n++) {
        for (int32_t i = 0; i < inner; i++) {
            const int32_t start = n * extent * inner + i + first;
            const T *from = weft_data<T>(in) + start;
            T *to = weft_data<T>(out) + start;
            auto sum = sums.start();
            for (int32_t k = 0; k < extent; k++, from += step, to += step) {
                const auto next = sums.add(sum, *from);
                *to = sums.result(p.is_exclusive ? sum : next);
                sum = next;
            }
        }
    }
    return WEFT_STATUS_OK;
}

int32_t cumsum(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0];
    if (in->type == WEFT_TYPE_FLOAT32) return cumsum_of<float>(op, Numbers{});
    if (in->type != WEFT_TYPE_INT8) return WEFT_STATUS_TYPE;
    const Codes codes{weft_params<weft_cumsum_params_t>(op), in->zero_point,
                      op->outputs[0]->zero_point};
    return cumsum_of<int8_t>(op, codes);
}

}  // namespace

WEFT_OP("CUMSUM", cumsum)
