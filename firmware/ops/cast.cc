// CAST between float32, bool and integers; tensorflow/lite/micro/kernels/cast.cc.
#include "map.h"
#include "weft_op.h"

namespace {

// Floats that the type does not hold have no result in the reference; here, the nearest limit.
template <typename To, typename From>
To cast_one(From x) {
    return static_cast<To>(x);
}

template <typename To>
To cast_one(float x) {
    if constexpr (kWeftType<To> == WEFT_TYPE_BOOL) return x != 0;
    if constexpr (kWeftType<To> == WEFT_TYPE_FLOAT32) return x;
    if constexpr (kWeftType<To> == WEFT_TYPE_INT64) {
        if (x >= 9223372036854775808.0f) return INT64_MAX;
        return x > -9223372036854775808.0f ? static_cast<int64_t>(x) : INT64_MIN;
    }
    if (x >= 2147483648.0f) return static_cast<To>(INT32_MAX);
    if (!(x > -2147483648.0f)) return static_cast<To>(INT32_MIN);
    return static_cast<To>(static_cast<int32_t>(x));
}

template <typename From>
int32_t cast_from(const weft_op_t *op) {
    const int32_t type = op->outputs[0]->type;
    return weft_for_type<int8_t, uint8_t, bool, int16_t, int32_t, int64_t, float>(type, [&](auto tag) {
        typedef typename decltype(tag)::type To;
        return weft_map<From, To>(op, [](From x) { return cast_one<To>(x); });
    });
}

int32_t cast(const weft_op_t *op) {
    return weft_for_type<int8_t, uint8_t, bool, int16_t, int32_t, uint32_t, int64_t, float>(
        op->inputs[0]->type, [&](auto tag) { return cast_from<typename decltype(tag)::type>(op); });
}

}  // namespace

WEFT_OP("CAST", cast)
