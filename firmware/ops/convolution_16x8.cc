// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int16 with int8 filters.
//
// tensorflow/lite/kernels/internal/reference/integer_ops: conv.h, depthwise_conv.h,
// fully_connected.h (the int16 versions).
#include "convolution_16x8.h"
#include "convolution_walk.h"
#include "weft_op.h"

namespace {

struct Convolution {
    const weft_convolution_params_t *p;
    const int8_t *weights;
    wide::Codes codes;

    // All channels of the output pixel whose window starts at row y, column x of the image.
    void pixel(const int16_t *image, int32_t y, int32_t x, int16_t *to) const {
        for (int32_t o = 0; o < p->filters; o++) {
            const int32_t first = o / p->filters_per_group * p->group_channels;
            const int8_t *own = weights + o * p->filter_step;
            const auto add = [&](int64_t sum, int32_t at, int32_t tap) {
                return sum + wide::dot(image + at + first, own + tap * p->tap_step, p->group_channels,
                                       p->channel_step);
            };
            to[o] = codes.of(weft_sum_taps<int64_t>(p, y, x, add), o);
        }
    }
};

int32_t convolution(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT16 || out->type != WEFT_TYPE_INT16) return WEFT_STATUS_TYPE;
    const Convolution convolution{p, static_cast<const int8_t *>(op->inputs[1]->data),
                                  wide::Codes(op)};
    weft_convolution_pixels<int16_t>(
        p, in, out, [&](const int16_t *image, int32_t y, int32_t x, int16_t *to) {
            convolution.pixel(image, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left,
                              to);
        });
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("CONVOLUTION_16X8", convolution)
