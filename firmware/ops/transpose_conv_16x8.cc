// TRANSPOSE_CONV of int16 with int8 filters.
//
// tensorflow/lite/kernels/internal/reference/integer_ops/transpose_conv.h, from the output's side:
// a pixel reads the inputs whose windows cover it. Operands: filter, data, bias.
#include "convolution_16x8.h"
#include "weft_op.h"

namespace {

struct TransposeConv {
    const weft_convolution_params_t *p;
    const int8_t *weights;
    wide::Codes codes;

    // All channels of the output pixel in row y, column x of the padded output.
    void pixel(const int16_t *image, int32_t y, int32_t x, int16_t *to) const {
        const int32_t depth = p->depth, pitch = p->width * depth;
        for (int32_t o = 0; o < p->filters; o++) {
            const int8_t *own = weights + o * p->filter_step;
            int64_t sum = 0;
            for (int32_t ky = y % p->stride_h; ky < p->filter_h && ky <= y; ky += p->stride_h) {
                const int32_t row = (y - ky) / p->stride_h;
                if (row >= p->height) continue;
                for (int32_t kx = x % p->stride_w; kx < p->filter_w && kx <= x; kx += p->stride_w) {
                    const int32_t column = (x - kx) / p->stride_w;
                    if (column >= p->width) continue;
                    sum += wide::dot(image + row * pitch + column * depth,
                                     own + (ky * p->filter_w + kx) * depth, depth, 1);
                }
            }
            to[o] = codes.of(sum, o);
        }
    }
};

int32_t transpose_conv(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[1], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT16 || out->type != WEFT_TYPE_INT16) return WEFT_STATUS_TYPE;
    const TransposeConv conv{p, static_cast<const int8_t *>(op->inputs[0]->data), wide::Codes(op)};
    const auto *image = static_cast<const int16_t *>(in->data);
    auto *to = static_cast<int16_t *>(out->data);
    for (int32_t n = 0; n < p->images; n++, image += p->height * p->width * p->depth)
        for (int32_t y = 0; y < p->out_h; y++)
            for (int32_t x = 0; x < p->out_w; x++, to += p->filters)
                conv.pixel(image, y + p->pad_top, x + p->pad_left, to);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("TRANSPOSE_CONV_16X8", transpose_conv)
