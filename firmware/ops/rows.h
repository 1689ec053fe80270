// Operators that work on rows: the last dimension of a tensor.
#ifndef WEFT_OPS_ROWS_H
#define WEFT_OPS_ROWS_H

#include "types.h"

// Calls row(in, out, depth) for every row; types are checked.
template <typename In, typename Out, typename Row>
inline int32_t weft_rows(const weft_op_t *op, Row row) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != kWeftType<In> || out->type != kWeftType<Out>) return WEFT_STATUS_TYPE;
    const int32_t n = static_cast<int32_t>(in->bytes / sizeof(In));
    if (in->rank < 1 || out->bytes != n * sizeof(Out)) return WEFT_STATUS_SHAPE;
    const int32_t depth = in->dims[in->rank - 1];
    const In *from = weft_data<In>(in);
    Out *to = weft_data<Out>(out);
    for (const In *end = from + n; from < end; from += depth, to += depth) row(from, to, depth);
    return WEFT_STATUS_OK;
}

// The largest element of a row, or lowest if all are below that.
template <typename T>
inline T weft_row_maximum(const T *row, int32_t depth, T lowest) {
    for (const T *end = row + depth; row != end; row++)
        if (lowest < *row) lowest = *row;
    return lowest;
}

#endif  // WEFT_OPS_ROWS_H
