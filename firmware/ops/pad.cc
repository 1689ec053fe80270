// PAD with the output's zero point; tensorflow/lite/kernels/internal/reference/pad.h.
#include <string.h>

#include "weft_op.h"

namespace {

template <typename T>
void fill(void *data, uint32_t n_bytes, int32_t value) {
    T *to = static_cast<T *>(data);
    for (T *end = to + n_bytes / sizeof(T); to < end; to++) *to = static_cast<T>(value);
}

void fill_elements(const weft_tensor_t *out, int32_t element_bytes, int32_t value) {
    switch (element_bytes) {
        case 1: memset(out->data, value, out->bytes); break;
        case 2: fill<int16_t>(out->data, out->bytes, value); break;
        default: fill<int32_t>(out->data, out->bytes, value); break;
    }
}

// Copies the input's dimensions from `level` inwards; the last one is a run of bytes.
struct Copy {
    const weft_tensor_t *in, *out;
    const int32_t *before;
    int32_t element_bytes;
    const char *from;

    void run(char *to, int32_t level, int32_t step) {
        const int32_t extent = in->dims[level];
        to += before[level] * step;
        if (level == in->rank - 1) {
            memcpy(to, from, extent * element_bytes);
            from += extent * element_bytes;
            return;
        }
        const int32_t inner = step / out->dims[level + 1];
        for (int32_t i = 0; i < extent; i++) run(to + i * step, level + 1, inner);
    }
};

int32_t pad(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    const auto *params = static_cast<const weft_pad_params_t *>(op->params);
    if (in->type != out->type) return WEFT_STATUS_TYPE;
    if (in->rank != out->rank || in->rank < 1) return WEFT_STATUS_SHAPE;
    for (int32_t i = 0; i < in->rank; i++)
        if (params->before[i] < 0 || params->before[i] + in->dims[i] > out->dims[i])
            return WEFT_STATUS_SHAPE;
    const int32_t element_bytes = static_cast<int32_t>(out->bytes) / weft_elements(out);
    if (element_bytes != 1 && element_bytes != 2 && element_bytes != 4) return WEFT_STATUS_TYPE;

    fill_elements(out, element_bytes, params->value);
    Copy copy{in, out, params->before, element_bytes, static_cast<const char *>(in->data)};
    const int32_t outermost = static_cast<int32_t>(out->bytes) / out->dims[0];
    copy.run(static_cast<char *>(out->data), 0, outermost);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("PAD", pad)
