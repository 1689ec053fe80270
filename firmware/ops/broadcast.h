// NumPy's broadcasting of two operands, walked row by row of the output.
#ifndef WEFT_OPS_BROADCAST_H
#define WEFT_OPS_BROADCAST_H

#include "weft_op.h"

// Extents of the output and the elements that each operand moves from index to index, 0 where it
// is broadcast. Dimension 0 is the innermost, the row. Neighbouring dimensions that both operands
// walk alike are merged, so that tensors of equal shape are a single row.
struct weft_broadcast_t {
    int32_t rank;  // 1 or more
    int32_t extent[WEFT_MAX_RANK];
    int32_t step_a[WEFT_MAX_RANK];
    int32_t step_b[WEFT_MAX_RANK];
    int32_t row_step_a, row_step_b;
};

// Elements from index to index of dimension i of the output's shape, 0 where it is broadcast.
// Dimensions must be asked for from the last to the first; size counts the elements so far.
inline int32_t weft_broadcast_step(const weft_tensor_t *t, int32_t rank, int32_t i, int32_t extent,
                                   int32_t *size, bool *fits) {
    const int32_t own = i - (rank - t->rank);
    const int32_t own_extent = own < 0 ? 1 : t->dims[own];
    if (own_extent == 1) return 0;
    if (own_extent != extent) *fits = false;
    const int32_t step = *size;
    *size *= own_extent;
    return step;
}

// False where the shapes do not fit each other.
__attribute__((noinline)) inline bool weft_broadcast(weft_broadcast_t *shape,
                                                     const weft_tensor_t *a,
                                                     const weft_tensor_t *b,
                                                     const weft_tensor_t *out) {
    if (a->rank > out->rank || b->rank > out->rank) return false;
    bool fits = true;
    int32_t size_a = 1, size_b = 1, n = 0;
    for (int32_t i = out->rank - 1; i >= 0; i--) {
        const int32_t extent = out->dims[i];
        if (extent == 1) continue;
        const int32_t a_step = weft_broadcast_step(a, out->rank, i, extent, &size_a, &fits);
        const int32_t b_step = weft_broadcast_step(b, out->rank, i, extent, &size_b, &fits);
        const int32_t inner = n ? shape->extent[n - 1] : 0;
        if (n && a_step == shape->step_a[n - 1] * inner && b_step == shape->step_b[n - 1] * inner) {
            shape->extent[n - 1] *= extent;
            continue;
        }
        shape->extent[n] = extent;
        shape->step_a[n] = a_step;
        shape->step_b[n] = b_step;
        n++;
    }
    if (!n) {
        shape->extent[n] = 1;
        shape->step_a[n] = shape->step_b[n] = 0;
        n++;
    }
    shape->rank = n;
    shape->row_step_a = shape->step_a[0];
    shape->row_step_b = shape->step_b[0];
    return fits && size_a == weft_elements(a) && size_b == weft_elements(b);
}

// Calls row(context, offset_a, offset_b, elements) for every row of the output, in the order of
// memory. Out of line: operators that differ in what they do with a row share it.
__attribute__((noinline)) inline void weft_broadcast_walk(
    const weft_broadcast_t *shape, void (*row)(void *, int32_t, int32_t, int32_t), void *context) {
    int32_t index[WEFT_MAX_RANK] = {};
    int32_t at_a = 0, at_b = 0;
    for (;;) {
        row(context, at_a, at_b, shape->extent[0]);
        int32_t d = 1;
        for (; d < shape->rank; d++) {
            at_a += shape->step_a[d];
            at_b += shape->step_b[d];
            if (++index[d] < shape->extent[d]) break;
            at_a -= shape->step_a[d] * shape->extent[d];
            at_b -= shape->step_b[d] * shape->extent[d];
            index[d] = 0;
        }
        if (d >= shape->rank) return;
    }
}

// The same with anything that can be called as row(offset_a, offset_b, elements).
template <typename Row>
inline void weft_broadcast_rows(const weft_broadcast_t *shape, Row row) {
    weft_broadcast_walk(
        shape,
        [](void *context, int32_t at_a, int32_t at_b, int32_t n) {
            (*static_cast<Row *>(context))(at_a, at_b, n);
        },
        &row);
}

#endif  // WEFT_OPS_BROADCAST_H
