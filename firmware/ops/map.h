// Functions of one operand, element by element.
#ifndef WEFT_OPS_MAP_H
#define WEFT_OPS_MAP_H

#include "types.h"

// out = function(in); types are checked.
template <typename In, typename Out, typename Function>
inline int32_t weft_map(const weft_op_t *op, Function function) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != kWeftType<In> || out->type != kWeftType<Out>) return WEFT_STATUS_TYPE;
    const In *from = weft_data<In>(in);
    Out *to = weft_data<Out>(out);
    const uint32_t n = in->bytes / sizeof(In);
    if (out->bytes != n * sizeof(Out)) return WEFT_STATUS_SHAPE;
    for (const In *end = from + n; from != end;) *to++ = function(*from++);
    return WEFT_STATUS_OK;
}

template <float (*function)(float)>
int32_t weft_map_float(const weft_op_t *op) {
    return weft_map<float, float>(op, function);
}

#endif  // WEFT_OPS_MAP_H
