// What lies before, along and behind one dimension of a tensor.
#ifndef WEFT_OPS_AXIS_H
#define WEFT_OPS_AXIS_H

#include "weft_op.h"

struct weft_axis_t {
    int32_t outer = 1, extent, inner = 1;

    // axis: from 0 to the rank less one.
    weft_axis_t(const weft_tensor_t *t, int32_t axis) : extent(t->dims[axis]) {
        for (int32_t i = 0; i < axis; i++) outer *= t->dims[i];
        for (int32_t i = axis + 1; i < t->rank; i++) inner *= t->dims[i];
    }
};

#endif  // WEFT_OPS_AXIS_H
