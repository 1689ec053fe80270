// ARG_MAX and ARG_MIN of int8 and float32, to int32 or int64; of equal elements the first one.
//
// tensorflow/lite/kernels/internal/reference/arg_min_max.h.
#include "axis.h"
#include "types.h"
#include "weft_op.h"

namespace {

template <typename T, typename Place>
int32_t arg_extreme_of(const weft_op_t *op) {
    const weft_arg_params_t p = *weft_params<weft_arg_params_t>(op);
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (p.axis < 0 || p.axis >= in->rank) return WEFT_STATUS_PARAMS;
    const auto [outer, extent, inner] = weft_axis_t(in, p.axis);
    if (weft_elements(out) != outer * inner) return WEFT_STATUS_SHAPE;
    const T *from = weft_data<T>(in);
    Place *to = weft_data<Place>(out);
    for (int32_t n = 0; n < outer; n++, from += (extent - 1) * inner) {
        for (int32_t i = 0; i < inner; i++, from++) {
            T best = *from;
            int32_t place = 0;
            const T *x = from + inner;
            for (int32_t k = 1; k < extent; k++, x += inner) {
                if (p.is_max ? *x > best : *x < best) {
                    best = *x;
                    place = k;
                }
            }
            *to++ = place;
        }
    }
    return WEFT_STATUS_OK;
}

int32_t arg_extreme(const weft_op_t *op) {
    return weft_for_type<int8_t, float>(op->inputs[0]->type, [&](auto tag) {
        typedef typename decltype(tag)::type T;
        return weft_for_type<int32_t, int64_t>(op->outputs[0]->type, [&](auto place) {
            return arg_extreme_of<T, typename decltype(place)::type>(op);
        });
    });
}

}  // namespace

WEFT_OP("ARG_EXTREME", arg_extreme)
