// Functions of two operands with NumPy's broadcasting.
#ifndef WEFT_OPS_PAIRS_H
#define WEFT_OPS_PAIRS_H

#include "broadcast.h"
#include "types.h"

// out = function(a, b), element by element; types are checked.
template <typename A, typename B, typename Out, typename Function>
inline int32_t weft_map_pairs(const weft_op_t *op, Function function) {
    const weft_tensor_t *a = op->inputs[0], *b = op->inputs[1], *out = op->outputs[0];
    if (a->type != kWeftType<A> || b->type != kWeftType<B> || out->type != kWeftType<Out>)
        return WEFT_STATUS_TYPE;
    weft_broadcast_t shape;
    if (!weft_broadcast(&shape, a, b, out)) return WEFT_STATUS_SHAPE;
    Out *to = weft_data<Out>(out);
    weft_broadcast_rows(&shape, [&](int32_t at_a, int32_t at_b, int32_t n) {
        const A *pa = weft_data<A>(a) + at_a;
        const B *pb = weft_data<B>(b) + at_b;
        // Copies, which no store of a byte can change, so that they stay in registers.
        const Function own = function;
        const int32_t step_a = shape.row_step_a, step_b = shape.row_step_b;
        Out *here = to;
        for (Out *end = here + n; here != end; pa += step_a, pb += step_b)
            *here++ = own(*pa, *pb);
        to = here;
    });
    return WEFT_STATUS_OK;
}

// The same where operands and output have one type, which is one of some.
template <typename... Types, typename Function>
inline int32_t weft_map_equal_pairs(const weft_op_t *op, Function function) {
    return weft_for_type<Types...>(op->inputs[0]->type, [&](auto tag) {
        typedef typename decltype(tag)::type T;
        return weft_map_pairs<T, T, T>(op, function);
    });
}

#endif  // WEFT_OPS_PAIRS_H
