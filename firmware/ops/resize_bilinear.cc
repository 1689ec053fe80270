// RESIZE_BILINEAR of int8 and float32.
#include "resize_bilinear.h"

namespace {

void mix_row(const float *north, const float *south, int32_t channels, float *to,
             const weft_sample_t &y, const weft_sample_t *columns, int32_t width) {
    for (int32_t j = 0; j < width; j++) {
        const weft_sample_t x = columns[j];
        const int32_t west = x.low * channels, east = x.high * channels;
        for (int32_t c = 0; c < channels; c++)
            *to++ = weft_mix(north[west + c], south[west + c], north[east + c], south[east + c], y,
                             x);
    }
}

int32_t resize_bilinear(const weft_op_t *op) {
    if (op->outputs[0]->type == WEFT_TYPE_FLOAT32) return weft_resize_bilinear<float>(op, mix_row);
    return weft_resize_bilinear<int8_t>(op, weft_resize_codes<false>);
}

}  // namespace

WEFT_OP("RESIZE_BILINEAR", resize_bilinear)
