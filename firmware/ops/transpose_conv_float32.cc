// TRANSPOSE_CONV of float32.
//
// tensorflow/lite/kernels/internal/reference/transpose_conv.h, from the output's side: a pixel reads
// the inputs whose windows cover it, in their order. Operands: filter, data, bias.
#include "convolution_float32.h"
#include "weft_op.h"

namespace {

// The last tap along one dimension that meets place at with a stride, below 0 if there is none.
int32_t last_tap(int32_t at, int32_t taps, int32_t stride) {
    const int32_t most = at < taps - 1 ? at : taps - 1;
    return most - (most - at % stride + stride) % stride;
}

struct TransposeConv {
    const weft_convolution_params_t *p;
    const float *weights;
    weft_float_results_t results;

    // All channels of the output pixel in row y, column x of the padded output.
    void pixel(const float *image, int32_t y, int32_t x, float *to) const {
        const int32_t depth = p->depth, pitch = p->width * depth;
        const int32_t last_y = last_tap(y, p->filter_h, p->stride_h);
        const int32_t last_x = last_tap(x, p->filter_w, p->stride_w);
        for (int32_t o = 0; o < p->filters; o++) {
            const float *own = weights + o * p->filter_step;
            float sum = 0;
            for (int32_t ky = last_y; ky >= 0; ky -= p->stride_h) {
                const int32_t row = (y - ky) / p->stride_h;
                if (row >= p->height) break;
                for (int32_t kx = last_x; kx >= 0; kx -= p->stride_w) {
                    const int32_t column = (x - kx) / p->stride_w;
                    if (column >= p->width) break;
                    sum = weft_add_products(sum, image + row * pitch + column * depth,
                                            own + (ky * p->filter_w + kx) * depth, depth, 1);
                }
            }
            to[o] = results.of(sum, o);
        }
    }
};

int32_t transpose_conv(const weft_op_t *op) {
    const auto *p = static_cast<const weft_convolution_params_t *>(op->params);
    const weft_tensor_t *in = op->inputs[1], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_FLOAT32 || out->type != WEFT_TYPE_FLOAT32) return WEFT_STATUS_TYPE;
    const TransposeConv conv{p, static_cast<const float *>(op->inputs[0]->data),
                             weft_float_results_t(op)};
    const auto *image = static_cast<const float *>(in->data);
    auto *to = static_cast<float *>(out->data);
    for (int32_t n = 0; n < p->images; n++, image += p->height * p->width * p->depth)
        for (int32_t y = 0; y < p->out_h; y++)
            for (int32_t x = 0; x < p->out_w; x++, to += p->filters)
                conv.pixel(image, y + p->pad_top, x + p->pad_left, to);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("TRANSPOSE_CONV_FLOAT32", transpose_conv)
