// RESIZE_BILINEAR of int8 and float32; tensorflow/lite/kernels/internal/reference/resize_bilinear.h.
//
// Inputs and weights of each output row, then of each output column, come with the parameters.
#include <string.h>

#include "weft_op.h"

namespace {

// Weights have 10 fractional bits each. Positions before the first pixel extrapolate with weights
// of up to 2 and -1, so that sums stay below 9 * 2^27.
int8_t mix(int8_t nw, int8_t sw, int8_t ne, int8_t se, const weft_sample_t &y,
           const weft_sample_t &x) {
    const int32_t north = nw * x.low_weight + ne * x.high_weight;
    const int32_t south = sw * x.low_weight + se * x.high_weight;
    const int32_t sum = north * y.low_weight + south * y.high_weight;
    return static_cast<int8_t>((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
}

float real(int32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float mix(float nw, float sw, float ne, float se, const weft_sample_t &y, const weft_sample_t &x) {
    const float y_low = real(y.low_weight), y_high = real(y.high_weight);
    const float x_low = real(x.low_weight), x_high = real(x.high_weight);
    return nw * y_low * x_low + sw * y_high * x_low + ne * y_low * x_high + se * y_high * x_high;
}

template <typename T>
void resize(const weft_tensor_t *in, const weft_tensor_t *out, const weft_sample_t *rows) {
    const int32_t height = out->dims[1], width = out->dims[2], channels = out->dims[3];
    const int32_t row = in->dims[2] * channels, image = in->dims[1] * row;
    const weft_sample_t *columns = rows + height;
    const T *from = static_cast<const T *>(in->data);
    T *to = static_cast<T *>(out->data);
    for (int32_t n = 0; n < out->dims[0]; n++, from += image) {
        for (int32_t i = 0; i < height; i++) {
            const weft_sample_t y = rows[i];
            const T *north = from + y.low * row, *south = from + y.high * row;
            for (int32_t j = 0; j < width; j++) {
                const weft_sample_t x = columns[j];
                const int32_t west = x.low * channels, east = x.high * channels;
                for (int32_t c = 0; c < channels; c++)
                    *to++ = mix(north[west + c], south[west + c], north[east + c],
                                south[east + c], y, x);
            }
        }
    }
}

int32_t resize_bilinear(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    const auto *samples = static_cast<const weft_sample_t *>(op->params);
    if (out->type == WEFT_TYPE_FLOAT32)
        resize<float>(in, out, samples);
    else
        resize<int8_t>(in, out, samples);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("RESIZE_BILINEAR", resize_bilinear)
