// TRANSPOSE_CONV of int16 with int8 filters.
//
// tensorflow/lite/kernels/internal/reference/integer_ops/transpose_conv.h, from the output's side:
// a pixel reads the inputs whose windows cover it. Operands: filter, data, bias.
#include "convolution_16x8.h"
#include "convolution_walk.h"
#include "weft_op.h"

namespace {

struct TransposeConv {
    const weft_convolution_params_t *p;
    const int8_t *weights;
    wide::Codes codes;

    // All channels of the output pixel in row y, column x of the padded output.
    void pixel(const int16_t *image, int32_t y, int32_t x, int16_t *to) const {
        for (int32_t o = 0; o < p->filters; o++) {
            const int8_t *own = weights + o * p->filter_step;
            const auto add = [&](int64_t sum, int32_t at, int32_t tap) {
                return sum + wide::dot(image + at, own + tap * p->depth, p->depth, 1);
            };
            to[o] = codes.of(weft_sum_covering_taps<int64_t>(p, y, x, add), o);
        }
    }
};

int32_t transpose_conv(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[1], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT16 || out->type != WEFT_TYPE_INT16) return WEFT_STATUS_TYPE;
    const TransposeConv conv{p, static_cast<const int8_t *>(op->inputs[0]->data), wide::Codes(op)};
    weft_convolution_pixels<int16_t>(
        p, in, out, [&](const int16_t *image, int32_t y, int32_t x, int16_t *to) {
            conv.pixel(image, y + p->pad_top, x + p->pad_left, to);
        });
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("TRANSPOSE_CONV_16X8", transpose_conv)
