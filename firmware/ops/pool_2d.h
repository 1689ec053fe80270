// Windows of 2-D pooling, clipped to the input.
#ifndef WEFT_OPS_POOL_2D_H
#define WEFT_OPS_POOL_2D_H

#include "weft_op.h"

// The part of one output pixel's window that lies in the input.
template <typename T>
struct weft_window_t {
    const T *first;  // channel 0 of its top left pixel
    int32_t rows, cols;
};

inline int32_t weft_pool_2d_check(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != out->type) return WEFT_STATUS_TYPE;
    if (in->type != WEFT_TYPE_INT8 && in->type != WEFT_TYPE_INT16 && in->type != WEFT_TYPE_FLOAT32)
        return WEFT_STATUS_TYPE;
    if (in->rank != 4 || out->rank != 4 || in->dims[3] != out->dims[3]) return WEFT_STATUS_SHAPE;
    return WEFT_STATUS_OK;
}

// Rows or columns of a window that starts at `start`: returns how many are inside, moves start.
inline int32_t weft_clip(int32_t *start, int32_t filter, int32_t extent) {
    int32_t end = *start + filter;
    if (*start < 0) *start = 0;
    if (end > extent) end = extent;
    return end > *start ? end - *start : 0;
}

// Calls pixel(window, out) for every output pixel, out being its channel 0.
template <typename T, typename Pixel>
inline void weft_pool_2d_pixels(const weft_op_t *op, Pixel pixel) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    const weft_pool_2d_params_t *p = static_cast<const weft_pool_2d_params_t *>(op->params);
    const int32_t channels = in->dims[3];
    T *to = static_cast<T *>(out->data);
    for (int32_t image = 0; image < out->dims[0]; image++) {
        for (int32_t oy = 0; oy < out->dims[1]; oy++) {
            int32_t y = oy * p->stride_h - p->pad_top;
            const int32_t rows = weft_clip(&y, p->filter_h, in->dims[1]);
            for (int32_t ox = 0; ox < out->dims[2]; ox++, to += channels) {
                int32_t x = ox * p->stride_w - p->pad_left;
                const int32_t cols = weft_clip(&x, p->filter_w, in->dims[2]);
                const int32_t at = ((image * in->dims[1] + y) * in->dims[2] + x) * channels;
                pixel(weft_window_t<T>{static_cast<const T *>(in->data) + at, rows, cols}, to);
            }
        }
    }
}

#endif  // WEFT_OPS_POOL_2D_H
