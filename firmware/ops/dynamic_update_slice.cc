// DYNAMIC_UPDATE_SLICE of any type: a copy with a part of it replaced, at indices that are moved
// inside; tensorflow/lite/micro/kernels/dynamic_update_slice.cc.
#include <string.h>

#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

// The part's rows to their places, from one dimension inwards.
const char *update(const weft_tensor_t *out, const weft_tensor_t *part, const int32_t *starts,
                   int32_t level, char *to, const char *from) {
    int32_t step = static_cast<int32_t>(out->bytes) / weft_elements(out);
    for (int32_t i = level + 1; i < out->rank; i++) step *= out->dims[i];
    const int32_t most = out->dims[level] - part->dims[level];
    to += weft_clamp(starts[level], 0, most) * step;
    if (level == out->rank - 1) {
        const uint32_t run = static_cast<uint32_t>(part->dims[level] * step);
        memcpy(to, from, run);
        return from + run;
    }
    for (int32_t i = 0; i < part->dims[level]; i++, to += step)
        from = update(out, part, starts, level + 1, to, from);
    return from;
}

int32_t dynamic_update_slice(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *part = op->inputs[1], *out = op->outputs[0];
    if (in->bytes != out->bytes || part->rank != out->rank) return WEFT_STATUS_SHAPE;
    if (out->data != in->data) memcpy(out->data, in->data, in->bytes);
    update(out, part, static_cast<const int32_t *>(op->inputs[2]->data), 0,
           static_cast<char *>(out->data), static_cast<const char *>(part->data));
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("DYNAMIC_UPDATE_SLICE", dynamic_update_slice)
