// GATHER of any type: slices by int32 indices.
#include <string.h>

#include "weft_op.h"

namespace {

int32_t gather(const weft_op_t *op) {
    const auto *p = static_cast<const weft_gather_params_t *>(op->params);
    const auto *indices = static_cast<const int32_t *>(op->inputs[1]->data);
    const char *from = static_cast<const char *>(op->inputs[0]->data);
    char *to = static_cast<char *>(op->outputs[0]->data);
    for (int32_t batch = 0; batch < p->batches; batch++, indices += p->n_indices) {
        for (int32_t outer = 0; outer < p->outer; outer++, from += p->extent * p->slice_bytes) {
            for (int32_t i = 0; i < p->n_indices; i++, to += p->slice_bytes) {
                const int32_t index = indices[i];
                if (index < 0 || index >= p->extent) return WEFT_STATUS_ERROR;
                memcpy(to, from + index * p->slice_bytes, p->slice_bytes);
            }
        }
    }
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("GATHER", gather)
