// TRANSPOSE_CONV of float32.
//
// tensorflow/lite/kernels/internal/reference/transpose_conv.h, from the output's side: a pixel reads
// the inputs whose windows cover it, in their order. Operands: filter, data, bias.
#include "convolution_float32.h"
#include "convolution_walk.h"
#include "weft_op.h"

namespace {

struct TransposeConv {
    const weft_convolution_params_t *p;
    const float *weights;
    weft_float_results_t results;

    // All channels of the output pixel in row y, column x of the padded output.
    void pixel(const float *image, int32_t y, int32_t x, float *to) const {
        for (int32_t o = 0; o < p->filters; o++) {
            const float *own = weights + o * p->filter_step;
            const auto add = [&](float sum, int32_t at, int32_t tap) {
                return weft_add_products(sum, image + at, own + tap * p->depth, p->depth, 1);
            };
            to[o] = results.of(weft_sum_covering_taps<float>(p, y, x, add), o);
        }
    }
};

int32_t transpose_conv(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[1], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_FLOAT32 || out->type != WEFT_TYPE_FLOAT32) return WEFT_STATUS_TYPE;
    const TransposeConv conv{p, static_cast<const float *>(op->inputs[0]->data),
                             weft_float_results_t(op)};
    weft_convolution_pixels<float>(
        p, in, out, [&](const float *image, int32_t y, int32_t x, float *to) {
            conv.pixel(image, y + p->pad_top, x + p->pad_left, to);
        });
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("TRANSPOSE_CONV_FLOAT32", transpose_conv)
