// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of float32.
//
// tensorflow/lite/kernels/internal/reference: conv.h, depthwiseconv_float.h, fully_connected.h;
// products are added in their order.
#include "convolution_float32.h"
#include "convolution_walk.h"
#include "weft_op.h"

namespace {

struct Convolution {
    const weft_convolution_params_t *p;
    const float *weights;
    weft_float_results_t results;

    // All channels of the output pixel whose window starts at row y, column x of the image.
    void pixel(const float *image, int32_t y, int32_t x, float *to) const {
        for (int32_t o = 0; o < p->filters; o++) {
            const int32_t first = o / p->filters_per_group * p->group_channels;
            const float *own = weights + o * p->filter_step;
            const auto add = [&](float sum, int32_t at, int32_t tap) {
                return weft_add_products(sum, image + at + first, own + tap * p->tap_step,
                                         p->group_channels, p->channel_step);
            };
            to[o] = results.of(weft_sum_taps<float>(p, y, x, add), o);
        }
    }
};

int32_t convolution(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_FLOAT32 || out->type != WEFT_TYPE_FLOAT32) return WEFT_STATUS_TYPE;
    const Convolution convolution{p, static_cast<const float *>(op->inputs[1]->data),
                                  weft_float_results_t(op)};
    weft_convolution_pixels<float>(
        p, in, out, [&](const float *image, int32_t y, int32_t x, float *to) {
            convolution.pixel(image, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left,
                              to);
        });
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("CONVOLUTION_FLOAT32", convolution)
