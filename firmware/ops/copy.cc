// Copies of parts of tensors: every operator that only moves data (compiler/ops/copies.py).
#include <string.h>

#include "weft_op.h"

namespace {

// Runs of a size that loads and stores of one element move, whose alignment the type grants.
template <typename T>
void copy_elements(char *to, const char *from, int32_t n, int32_t to_step, int32_t from_step) {
    for (; n > 0; n--, to += to_step, from += from_step)
        *reinterpret_cast<T *>(to) = *reinterpret_cast<const T *>(from);
}

struct Walk {
    const weft_copy_t &copy;
    int32_t element_bytes;

    void innermost(char *to, const char *from, int32_t n, int32_t to_step, int32_t from_step) {
        if (copy.run == element_bytes) {
            switch (element_bytes) {
                case 1: return copy_elements<int8_t>(to, from, n, to_step, from_step);
                case 2: return copy_elements<int16_t>(to, from, n, to_step, from_step);
                case 4: return copy_elements<int32_t>(to, from, n, to_step, from_step);
            }
        }
        for (; n > 0; n--, to += to_step, from += from_step) memcpy(to, from, copy.run);
    }

    void run(char *to, const char *from, int32_t level) {
        if (level >= copy.n_loops) return innermost(to, from, 1, 0, 0);
        const int32_t to_step = copy.target_steps[level], from_step = copy.source_steps[level];
        const int32_t extent = copy.extents[level];
        if (level == copy.n_loops - 1) return innermost(to, from, extent, to_step, from_step);
        for (int32_t i = 0; i < extent; i++) run(to + i * to_step, from + i * from_step, level + 1);
    }
};

void fill(const weft_tensor_t *out, const char *element, int32_t element_bytes) {
    char *to = static_cast<char *>(out->data);
    if (element_bytes == 1) {
        memset(to, *element, out->bytes);
        return;
    }
    for (char *end = to + out->bytes; to < end; to += element_bytes)
        memcpy(to, element, element_bytes);
}

int32_t copy(const weft_op_t *op) {
    const auto *plan = static_cast<const weft_copy_plan_t *>(op->params);
    const auto *copies = reinterpret_cast<const weft_copy_t *>(plan + 1);
    const auto *element = reinterpret_cast<const char *>(copies + plan->n_copies);
    if (plan->fill_bytes)
        for (int32_t i = 0; i < op->n_outputs; i++)
            fill(op->outputs[i], element, plan->fill_bytes);
    for (int32_t i = 0; i < plan->n_copies; i++) {
        const weft_copy_t &one = copies[i];
        const weft_tensor_t *in = op->inputs[one.source], *out = op->outputs[one.target];
        Walk walk{one, static_cast<int32_t>(out->bytes) / weft_elements(out)};
        walk.run(static_cast<char *>(out->data) + one.target_offset,
                 static_cast<const char *>(in->data) + one.source_offset, 0);
    }
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("COPY", copy)
