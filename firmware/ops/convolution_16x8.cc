// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int16 with int8 filters.
//
// tensorflow/lite/kernels/internal/reference/integer_ops: conv.h, depthwise_conv.h,
// fully_connected.h (the int16 versions).
#include "convolution_16x8.h"
#include "weft_op.h"

namespace {

struct Convolution {
    const weft_convolution_params_t *p;
    const int8_t *weights;
    wide::Codes codes;

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
                    sum += wide::dot(image + row * pitch + column * depth + first,
                               own + (ky * p->filter_w + kx) * p->tap_step, p->group_channels,
                               p->channel_step);
                }
            }
            to[o] = codes.of(sum, o);
        }
    }
};

int32_t convolution(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT16 || out->type != WEFT_TYPE_INT16) return WEFT_STATUS_TYPE;
    const Convolution convolution{p, static_cast<const int8_t *>(op->inputs[1]->data),
                                  wide::Codes(op)};
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
