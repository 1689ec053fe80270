// What convolutions of int16 and of float32 share: their pixels, and the taps of each.
#ifndef WEFT_OPS_CONVOLUTION_WALK_H
#define WEFT_OPS_CONVOLUTION_WALK_H

#include "weft_op.h"

// Calls pixel(image, y, x, to) for every output pixel, `to` being its channel 0.
template <typename T, typename Pixel>
inline void weft_convolution_pixels(const weft_convolution_params_t *p, const weft_tensor_t *in,
                                    const weft_tensor_t *out, Pixel pixel) {
    const T *image = static_cast<const T *>(in->data);
    T *to = static_cast<T *>(out->data);
    for (int32_t n = 0; n < p->images; n++, image += p->height * p->width * p->depth)
        for (int32_t y = 0; y < p->out_h; y++)
            for (int32_t x = 0; x < p->out_w; x++, to += p->filters) pixel(image, y, x, to);
}

// Folds add(sum, at, tap) over the taps that lie inside of the image, of the window that starts at
// row y, column x: `at` is the place of the tap's pixel in the image.
template <typename Sum, typename Add>
inline Sum weft_sum_taps(const weft_convolution_params_t *p, int32_t y, int32_t x, Add add) {
    Sum sum = 0;
    for (int32_t ky = 0; ky < p->filter_h; ky++) {
        const int32_t row = y + ky * p->dilation_h;
        if (row < 0 || row >= p->height) continue;
        for (int32_t kx = 0; kx < p->filter_w; kx++) {
            const int32_t column = x + kx * p->dilation_w;
            if (column < 0 || column >= p->width) continue;
            sum = add(sum, (row * p->width + column) * p->depth, ky * p->filter_w + kx);
        }
    }
    return sum;
}

// The last tap along one dimension that meets place at with a stride, below 0 if there is none.
inline int32_t weft_last_tap(int32_t at, int32_t taps, int32_t stride) {
    const int32_t most = at < taps - 1 ? at : taps - 1;
    return most - (most - at % stride + stride) % stride;
}

// The same for a TRANSPOSE_CONV: inputs whose windows cover row y, column x of the padded output, in
// the order of the inputs.
template <typename Sum, typename Add>
inline Sum weft_sum_covering_taps(const weft_convolution_params_t *p, int32_t y, int32_t x,
                                  Add add) {
    const int32_t last_x = weft_last_tap(x, p->filter_w, p->stride_w);
    Sum sum = 0;
    for (int32_t ky = weft_last_tap(y, p->filter_h, p->stride_h); ky >= 0; ky -= p->stride_h) {
        const int32_t row = (y - ky) / p->stride_h;
        if (row >= p->height) break;
        for (int32_t kx = last_x; kx >= 0; kx -= p->stride_w) {
            const int32_t column = (x - kx) / p->stride_w;
            if (column >= p->width) break;
            sum = add(sum, (row * p->width + column) * p->depth, ky * p->filter_w + kx);
        }
    }
    return sum;
}

#endif  // WEFT_OPS_CONVOLUTION_WALK_H
