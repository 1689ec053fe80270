// AVERAGE_POOL_2D of int8 and int16; tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h.
#include "pool_2d.h"
#include "strided_sum.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

// To nearest, ties away from zero; half is count / 2.
int32_t divide(int32_t sum, int32_t count, int32_t half) {
    return (sum > 0 ? sum + half : sum - half) / count;
}

template <typename T>
void pool(const weft_op_t *op) {
    const auto *p = static_cast<const weft_pool_2d_params_t *>(op->params);
    const int32_t channels = op->inputs[0]->dims[3];
    const int32_t row_step = op->inputs[0]->dims[2] * channels;
    const int32_t low = p->low, high = p->high;
    weft_pool_2d_pixels<T>(op, [&](weft_window_t<T> window, T *to) {
        const int32_t count = window.rows * window.cols, half = count >> 1;
        if (window.cols * channels == row_step) {
            // Whole rows follow one another: one row of all of them.
            window.cols = count;
            window.rows = 1;
        }
        for (int32_t c = 0; c < channels; c += kSumLanes) {
            const int32_t lanes = channels - c < kSumLanes ? channels - c : kSumLanes;
            int32_t sums[kSumLanes] = {};
            const T *from = window.first + c;
            for (int32_t row = 0; row < window.rows; row++, from += row_step)
                weft_add_strided(from, window.cols, channels, lanes, sums);
            for (int32_t lane = 0; lane < lanes; lane++)
                to[c + lane] = static_cast<T>(
                    weft_clamp(divide(sums[lane], count, half), low, high));
        }
    });
}

int32_t average_pool(const weft_op_t *op) {
    const int32_t status = weft_pool_2d_check(op);
    if (status) return status;
    if (op->inputs[0]->type == WEFT_TYPE_INT8)
        pool<int8_t>(op);
    else
        pool<int16_t>(op);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("AVERAGE_POOL_2D", average_pool)
