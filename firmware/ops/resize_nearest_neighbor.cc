// RESIZE_NEAREST_NEIGHBOR of any type; the rows and columns to take come with the parameters.
#include <string.h>

#include "weft_op.h"

namespace {

int32_t resize_nearest(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    const int32_t height = out->dims[1], width = out->dims[2];
    const int32_t pixel = static_cast<int32_t>(out->bytes) / (out->dims[0] * height * width);
    const int32_t row = in->dims[2] * pixel, image = in->dims[1] * row;
    const auto *rows = static_cast<const int32_t *>(op->params);
    const int32_t *columns = rows + height;
    const char *from = static_cast<const char *>(in->data);
    char *to = static_cast<char *>(out->data);
    for (int32_t n = 0; n < out->dims[0]; n++, from += image)
        for (int32_t y = 0; y < height; y++)
            for (int32_t x = 0; x < width; x++, to += pixel)
                memcpy(to, from + rows[y] * row + columns[x] * pixel, pixel);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("RESIZE_NEAREST_NEIGHBOR", resize_nearest)
