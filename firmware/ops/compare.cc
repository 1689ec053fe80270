// EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER and GREATER_EQUAL of integers, float32 and bool.
//
// tensorflow/lite/micro/kernels/comparisons.cc: operands of int8 are brought to one scale, with 8
// more bits, before they are compared.
#include "pairs.h"
#include "scaled_pair.h"
#include "weft_op.h"

namespace {

// What a pair is, as weft_compare_params_t numbers it.
template <typename T>
uint32_t order(T a, T b) {
    return a < b ? 1 : a == b ? 2 : a > b ? 4 : 8;
}

int32_t compare(const weft_op_t *op) {
    const weft_compare_params_t p = *weft_params<weft_compare_params_t>(op);
    if (op->inputs[0]->type == WEFT_TYPE_INT8) {
        const weft_scaled_operand_t a(op->inputs[0], p.left_shift, p.multiplier_a, p.shift_a);
        const weft_scaled_operand_t b(op->inputs[1], p.left_shift, p.multiplier_b, p.shift_b);
        return weft_map_pairs<int8_t, int8_t, bool>(op, [=](int32_t code_a, int32_t code_b) {
            return (order(a(code_a), b(code_b)) & p.true_if) != 0;
        });
    }
    return weft_for_type<bool, int32_t, int64_t, float>(op->inputs[0]->type, [&](auto tag) {
        typedef typename decltype(tag)::type T;
        return weft_map_pairs<T, T, bool>(
            op, [=](T a, T b) { return (order(a, b) & p.true_if) != 0; });
    });
}

}  // namespace

WEFT_OP("COMPARE", compare)
