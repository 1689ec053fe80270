// MAX_POOL_2D of int8 and int16; tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h.
#include "pool_2d.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

template <typename T>
void pool(const weft_op_t *op, int32_t lowest) {
    const auto *p = static_cast<const weft_pool_2d_params_t *>(op->params);
    const int32_t channels = op->inputs[0]->dims[3];
    const int32_t row_step = op->inputs[0]->dims[2] * channels;
    const int32_t low = p->low, high = p->high;
    weft_pool_2d_pixels<T>(op, [&](weft_window_t<T> window, T *to) {
        for (int32_t c = 0; c < channels; c++) {
            int32_t largest = lowest;
            const T *row = window.first + c;
            for (int32_t y = 0; y < window.rows; y++, row += row_step) {
                const T *from = row;
                for (int32_t x = window.cols; x > 0; x--, from += channels)
                    if (*from > largest) largest = *from;
            }
            to[c] = static_cast<T>(weft_clamp(largest, low, high));
        }
    });
}

int32_t max_pool(const weft_op_t *op) {
    const int32_t status = weft_pool_2d_check(op);
    if (status) return status;
    if (op->inputs[0]->type == WEFT_TYPE_INT8)
        pool<int8_t>(op, INT8_MIN);
    else
        pool<int16_t>(op, INT16_MIN);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("MAX_POOL_2D", max_pool)
