// GATHER_ND of any type: slices at places that several int32 indices name.
#include <string.h>

#include "weft_op.h"

namespace {

int32_t gather_nd(const weft_op_t *op) {
    const auto *p = static_cast<const weft_gather_nd_params_t *>(op->params);
    const auto *indices = static_cast<const int32_t *>(op->inputs[1]->data);
    const char *from = static_cast<const char *>(op->inputs[0]->data);
    char *to = static_cast<char *>(op->outputs[0]->data);
    for (int32_t i = 0; i < p->n_slices; i++, to += p->slice_bytes) {
        int32_t offset = 0;
        for (int32_t d = 0; d < p->depth; d++) {
            const int32_t index = *indices++;
            if (index < 0 || index >= p->extents[d]) return WEFT_STATUS_ERROR;
            offset += index * p->steps[d];
        }
        memcpy(to, from + offset, p->slice_bytes);
    }
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("GATHER_ND", gather_nd)
