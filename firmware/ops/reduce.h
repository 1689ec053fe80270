// Reductions over any dimensions of a tensor.
#ifndef WEFT_OPS_REDUCE_H
#define WEFT_OPS_REDUCE_H

#include "types.h"

// Dimensions of a tensor, outermost first; neighbours that are walked alike are merged.
struct weft_dimensions_t {
    int32_t n = 0;
    int32_t extent[WEFT_MAX_RANK];
    int32_t step[WEFT_MAX_RANK];

    // Adds one in front of those there are.
    void prepend(int32_t new_extent, int32_t new_step) {
        if (n && new_step == step[0] * extent[0]) {
            extent[0] *= new_extent;
            return;
        }
        for (int32_t i = n++; i > 0; i--) {
            extent[i] = extent[i - 1];
            step[i] = step[i - 1];
        }
        extent[0] = new_extent;
        step[0] = new_step;
    }
};

struct weft_reduction_t {
    weft_dimensions_t kept, reduced;
    int32_t count = 1;  // elements that make up one of the output

    // Bit i of axes: dimension i is reduced.
    weft_reduction_t(const weft_tensor_t *in, uint32_t axes) {
        int32_t step = 1;
        for (int32_t i = in->rank - 1; i >= 0; i--) {
            const int32_t extent = in->dims[i];
            const bool is_reduced = axes >> i & 1;
            if (is_reduced) count *= extent;
            if (extent != 1) (is_reduced ? reduced : kept).prepend(extent, step);
            step *= extent;
        }
        if (!reduced.n) reduced.prepend(1, 1);
        if (!kept.n) kept.prepend(1, 1);
    }

    bool fits(const weft_tensor_t *in, const weft_tensor_t *out) const {
        return weft_elements(out) * count == weft_elements(in);
    }
};

// state = fold(state, element), in the order of memory; reduced dimensions from level inwards.
template <typename T, typename State, typename Fold>
inline State weft_fold(const weft_dimensions_t &reduced, int32_t level, const T *from, State state,
                       Fold fold) {
    const int32_t extent = reduced.extent[level], step = reduced.step[level];
    for (int32_t i = 0; i < extent; i++, from += step)
        state = level == reduced.n - 1 ? fold(state, *from)
                                       : weft_fold(reduced, level + 1, from, state, fold);
    return state;
}

// Calls each(from) with the first element of everything that is reduced to one, in the order of
// the output; kept dimensions from level inwards.
template <typename T, typename Each>
inline void weft_each_kept(const weft_dimensions_t &kept, int32_t level, const T *from,
                           Each &each) {
    const int32_t extent = kept.extent[level], step = kept.step[level];
    for (int32_t i = 0; i < extent; i++, from += step) {
        if (level == kept.n - 1)
            each(from);
        else
            weft_each_kept(kept, level + 1, from, each);
    }
}

// Every element of the output is finish(fold(... fold(start, first) ..., last)).
template <typename T, typename State, typename Fold, typename Finish>
inline int32_t weft_reduce(const weft_op_t *op, uint32_t axes, State start, Fold fold,
                           Finish finish) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != kWeftType<T> || out->type != kWeftType<T>) return WEFT_STATUS_TYPE;
    const weft_reduction_t reduction(in, axes);
    if (!reduction.fits(in, out)) return WEFT_STATUS_SHAPE;
    T *to = weft_data<T>(out);
    auto each = [&](const T *from) {
        *to++ = finish(weft_fold(reduction.reduced, 0, from, start, fold));
    };
    weft_each_kept(reduction.kept, 0, weft_data<T>(in), each);
    return WEFT_STATUS_OK;
}

#endif  // WEFT_OPS_REDUCE_H
