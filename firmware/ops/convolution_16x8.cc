// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int16 with int8 filters.
//
// tensorflow/lite/kernels/internal/reference/integer_ops: conv.h, depthwise_conv.h,
// fully_connected.h (the int16 versions). Zero points are 0. With biases of int64, or none, sums
// have 64 bits and are requantised with a multiplier of 16 bits.
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kChunk = 256;  // products of 2^22 whose sum fits 32 bits

// The sum of n products; weights lie weight_step apart.
int64_t dot(const int16_t *x, const int8_t *w, int32_t n, int32_t weight_step) {
    int64_t sum = 0;
    while (n > 0) {
        int32_t part = 0;
        for (int32_t i = n < kChunk ? n : kChunk; i > 0; i--, w += weight_step) part += *x++ * *w;
        sum += part;
        n -= kChunk;
    }
    return sum;
}

struct Convolution {
    const weft_convolution_params_t *p;
    const weft_scale_t *scales;
    const weft_tensor_t *in;
    const int8_t *weights;
    const weft_tensor_t *bias;  // null for none

    int16_t requantised(int64_t sum, int32_t channel) const {
        const weft_scale_t scale = scales[channel];
        int32_t code;
        if (bias && bias->type == WEFT_TYPE_INT32) {
            const int32_t own = static_cast<const int32_t *>(bias->data)[channel];
            const uint32_t biased = static_cast<uint32_t>(sum) + static_cast<uint32_t>(own);
            code = weft_mbqm(static_cast<int32_t>(biased), scale.multiplier, scale.shift);
        } else {
            if (bias) sum += static_cast<const int64_t *>(bias->data)[channel];
            code = weft_mbqm_64(sum, scale.multiplier, scale.shift);
        }
        return static_cast<int16_t>(weft_clamp(code, p->low, p->high));
    }

    // All channels of the output pixel whose window starts at row y, column x of the image.
    void pixel(const int16_t *image, int32_t y, int32_t x, int16_t *to, int32_t channels) const {
        const int32_t depth = p->depth, pitch = p->width * depth;
        for (int32_t o = 0; o < channels; o++) {
            const int32_t first = o / p->filters_per_group * p->group_channels;
            const int8_t *own = weights + o * p->filter_step;
            int64_t sum = 0;
            for (int32_t ky = 0; ky < p->filter_h; ky++) {
                const int32_t row = y + ky * p->dilation_h;
                if (row < 0 || row >= p->height) continue;
                for (int32_t kx = 0; kx < p->filter_w; kx++) {
                    const int32_t column = x + kx * p->dilation_w;
                    if (column < 0 || column >= p->width) continue;
                    sum += dot(image + row * pitch + column * depth + first,
                               own + (ky * p->filter_w + kx) * p->tap_step, p->group_channels,
                               p->channel_step);
                }
            }
            to[o] = requantised(sum, o);
        }
    }
};

int32_t convolution(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT16 || out->type != WEFT_TYPE_INT16) return WEFT_STATUS_TYPE;
    const bool has_bias = op->n_inputs > 2 && !(op->inputs[2]->flags & WEFT_TENSOR_ABSENT);
    const Convolution convolution{p, reinterpret_cast<const weft_scale_t *>(p + 1), in,
                                  static_cast<const int8_t *>(op->inputs[1]->data),
                                  has_bias ? op->inputs[2] : nullptr};
    const int32_t channels = p->filters;
    const int16_t *image = static_cast<const int16_t *>(in->data);
    int16_t *to = static_cast<int16_t *>(out->data);
    for (int32_t n = 0; n < p->images; n++, image += p->height * p->width * p->depth)
        for (int32_t y = 0; y < p->out_h; y++)
            for (int32_t x = 0; x < p->out_w; x++, to += channels)
                convolution.pixel(image, y * p->stride_h - p->pad_top,
                                  x * p->stride_w - p->pad_left, to, channels);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("CONVOLUTION_16X8", convolution)
