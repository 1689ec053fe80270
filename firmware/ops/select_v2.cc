// SELECT_V2 of elements of any size, with NumPy's broadcasting of all three operands.
//
// tensorflow/lite/micro/kernels/select.cc.
#include "broadcast.h"
#include "types.h"
#include "weft_op.h"

namespace {

// Elements that each operand moves from index to index of every dimension of the output.
struct Select {
    const weft_tensor_t *out;
    int32_t step[3][WEFT_MAX_RANK];

    bool prepare(const weft_op_t *op) {
        out = op->outputs[0];
        bool fits = true;
        for (int32_t k = 0; k < 3; k++) {
            const weft_tensor_t *in = op->inputs[k];
            if (in->rank > out->rank) return false;
            int32_t size = 1;
            for (int32_t i = out->rank - 1; i >= 0; i--)
                step[k][i] = weft_broadcast_step(in, out->rank, i, out->dims[i], &size, &fits);
        }
        return fits;
    }

    template <typename T>
    T *run(int32_t level, const bool *chosen, const T *x, const T *y, T *to) const {
        if (level == out->rank) {
            *to = *chosen ? *x : *y;
            return to + 1;
        }
        for (int32_t i = out->dims[level]; i > 0; i--) {
            to = run(level + 1, chosen, x, y, to);
            chosen += step[0][level];
            x += step[1][level];
            y += step[2][level];
        }
        return to;
    }
};

int32_t select(const weft_op_t *op) {
    const weft_tensor_t *const *in = op->inputs;
    const weft_tensor_t *out = op->outputs[0];
    if (in[0]->type != WEFT_TYPE_BOOL || in[1]->type != out->type || in[2]->type != out->type)
        return WEFT_STATUS_TYPE;
    Select select;
    if (!select.prepare(op)) return WEFT_STATUS_SHAPE;
    const auto run = [&](auto tag) {
        typedef typename decltype(tag)::type T;
        select.run<T>(0, weft_data<bool>(in[0]), weft_data<T>(in[1]), weft_data<T>(in[2]),
                      weft_data<T>(out));
        return WEFT_STATUS_OK;
    };
    switch (out->bytes / weft_elements(out)) {
        case 1: return run(weft_tag_t<uint8_t>{});
        case 2: return run(weft_tag_t<uint16_t>{});
        case 4: return run(weft_tag_t<uint32_t>{});
        case 8: return run(weft_tag_t<uint64_t>{});
        default: return WEFT_STATUS_TYPE;
    }
}

}  // namespace

WEFT_OP("SELECT_V2", select)
