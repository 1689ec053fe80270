// MEAN and SUM of int8 and int16 over any dimensions.
//
// tensorflow/lite/kernels/internal/reference/reduce.h, QuantizedMeanOrSum: sums of int32.
#ifndef WEFT_OPS_MEAN_H
#define WEFT_OPS_MEAN_H

#include "reduce.h"
#include "strided_sum.h"
#include "weft_fixed_point.h"

template <typename T>
struct weft_mean_t {
    const weft_reduction_t &reduction;
    const weft_mean_params_t *params;
    int32_t offset, zero_point;
    T *to;

    void add(const T *from, int32_t level, int32_t lanes, int32_t *sums) const {
        const weft_dimensions_t &reduced = reduction.reduced;
        const int32_t extent = reduced.extent[level], step = reduced.step[level];
        if (level == reduced.n - 1) {
            weft_add_strided(from, extent, step, lanes, sums);
            return;
        }
        for (int32_t i = 0; i < extent; i++) add(from + i * step, level + 1, lanes, sums);
    }

    void write(const T *from, int32_t lanes) {
        constexpr int32_t kHigh = sizeof(T) == 1 ? INT8_MAX : INT16_MAX;
        int32_t sums[kSumLanes] = {};
        add(from, 0, lanes, sums);
        for (int32_t lane = 0; lane < lanes; lane++) {
            const int32_t code = weft_mbqm(sums[lane] - offset, params->multiplier, params->shift);
            *to++ = weft_clamp(code + zero_point, -kHigh - 1, kHigh);
        }
    }

    // Outputs in the order of memory; innermost ones that lie side by side are summed together.
    void run(const T *from, int32_t level) {
        const weft_dimensions_t &kept = reduction.kept;
        const int32_t extent = kept.extent[level], step = kept.step[level];
        if (level < kept.n - 1) {
            for (int32_t i = 0; i < extent; i++) run(from + i * step, level + 1);
            return;
        }
        const int32_t at_once = step == 1 ? kSumLanes : 1;
        for (int32_t i = 0; i < extent; i += at_once)
            write(from + i * step, extent - i < at_once ? extent - i : at_once);
    }
};

template <typename T>
inline int32_t weft_mean(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != kWeftType<T> || out->type != kWeftType<T>) return WEFT_STATUS_TYPE;
    const weft_mean_params_t *params = weft_params<weft_mean_params_t>(op);
    const weft_reduction_t reduction(in, params->axes);
    if (!reduction.fits(in, out)) return WEFT_STATUS_SHAPE;
    weft_mean_t<T> mean{reduction, params, reduction.count * in->zero_point, out->zero_point,
                        weft_data<T>(out)};
    mean.run(weft_data<T>(in), 0);
    return WEFT_STATUS_OK;
}

#endif  // WEFT_OPS_MEAN_H
