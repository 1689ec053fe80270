// RESIZE_BILINEAR of int8, int16 and float32.
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

// Sums of 64 bits; halves are rounded away from 0.
void mix_wide_row(const int16_t *north, const int16_t *south, int32_t channels, int16_t *to,
                  const weft_sample_t &y, const weft_sample_t *columns, int32_t width) {
    for (int32_t j = 0; j < width; j++) {
        const weft_sample_t x = columns[j];
        const int32_t west = x.low * channels, east = x.high * channels;
        for (int32_t c = 0; c < channels; c++) {
            const int32_t on_west =
                north[west + c] * y.low_weight + south[west + c] * y.high_weight;
            const int32_t on_east =
                north[east + c] * y.low_weight + south[east + c] * y.high_weight;
            const int64_t sum = static_cast<int64_t>(on_west) * x.low_weight +
                                static_cast<int64_t>(on_east) * x.high_weight;
            *to++ = static_cast<int16_t>((sum + (1 << 19) - (sum < 0)) >> 20);
        }
    }
}

int32_t resize_bilinear(const weft_op_t *op) {
    if (op->outputs[0]->type == WEFT_TYPE_FLOAT32) return weft_resize_bilinear<float>(op, mix_row);
    if (op->outputs[0]->type == WEFT_TYPE_INT16)
        return weft_resize_bilinear<int16_t>(op, mix_wide_row);
    return weft_resize_bilinear<int8_t>(op, weft_resize_codes<false>);
}

}  // namespace

WEFT_OP("RESIZE_BILINEAR", resize_bilinear)
