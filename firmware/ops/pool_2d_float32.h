// Pools of float32: elements of a window are folded row by row, as the reference does.
#ifndef WEFT_OPS_POOL_2D_FLOAT32_H
#define WEFT_OPS_POOL_2D_FLOAT32_H

#include "plain.h"
#include "pool_2d.h"

// Every output is finish(fold(... fold(start, first) ..., last), elements), clamped. The fused
// activation follows the parameters of the pool.
template <typename Fold, typename Finish>
inline int32_t weft_pool_2d_float32(const weft_op_t *op, float start, Fold fold, Finish finish) {
    const int32_t status = weft_pool_2d_check(op);
    if (status) return status;
    const auto *pool = static_cast<const weft_pool_2d_params_t *>(op->params);
    const auto *fused = reinterpret_cast<const weft_plain_params_t *>(pool + 1);
    const int32_t channels = op->inputs[0]->dims[3];
    const int32_t row_step = op->inputs[0]->dims[2] * channels;
    weft_pool_2d_pixels<float>(op, [&](weft_window_t<float> window, float *to) {
        for (int32_t c = 0; c < channels; c++) {
            float state = start;
            const float *row = window.first + c;
            for (int32_t y = 0; y < window.rows; y++, row += row_step) {
                const float *from = row;
                for (int32_t x = window.cols; x > 0; x--, from += channels)
                    state = fold(state, *from);
            }
            to[c] = weft_fused(fused, finish(state, window.rows * window.cols));
        }
    });
    return WEFT_STATUS_OK;
}

#endif  // WEFT_OPS_POOL_2D_FLOAT32_H
