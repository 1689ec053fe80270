// C++ types by the numbers of element types.
#ifndef WEFT_OPS_TYPES_H
#define WEFT_OPS_TYPES_H

#include "weft_op.h"

template <typename T>
inline constexpr int32_t kWeftType = WEFT_TYPE_NONE;
template <>
inline constexpr int32_t kWeftType<float> = WEFT_TYPE_FLOAT32;
template <>
inline constexpr int32_t kWeftType<int8_t> = WEFT_TYPE_INT8;
template <>
inline constexpr int32_t kWeftType<uint8_t> = WEFT_TYPE_UINT8;
template <>
inline constexpr int32_t kWeftType<int16_t> = WEFT_TYPE_INT16;
template <>
inline constexpr int32_t kWeftType<int32_t> = WEFT_TYPE_INT32;
template <>
inline constexpr int32_t kWeftType<uint32_t> = WEFT_TYPE_UINT32;
template <>
inline constexpr int32_t kWeftType<int64_t> = WEFT_TYPE_INT64;
template <>
inline constexpr int32_t kWeftType<bool> = WEFT_TYPE_BOOL;

template <typename T>
struct weft_tag_t {
    typedef T type;
};

// Calls call(weft_tag_t<T>{}) for the one of some types that has a number, and returns its status.
template <typename... Types, typename Call>
inline int32_t weft_for_type(int32_t number, Call call) {
    int32_t status = WEFT_STATUS_TYPE;
    (void)((kWeftType<Types> == number && (status = call(weft_tag_t<Types>{}), true)) || ...);
    return status;
}

template <typename T>
inline T *weft_data(const weft_tensor_t *tensor) {
    return static_cast<T *>(tensor->data);
}

template <typename Params>
inline const Params *weft_params(const weft_op_t *op) {
    return static_cast<const Params *>(op->params);
}

#endif  // WEFT_OPS_TYPES_H
