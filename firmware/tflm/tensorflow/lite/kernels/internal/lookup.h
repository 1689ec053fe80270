// Functions as tables of 256 or 513 entries (lut_size, LUTPopulate and LUTLookup of
// tensorflow/lite/kernels/internal/common.h).
#ifndef WEFT_TFLM_INTERNAL_LOOKUP_H
#define WEFT_TFLM_INTERNAL_LOOKUP_H

#include <math.h>
#include <stdint.h>

#include <algorithm>
#include <limits>
#include <type_traits>

namespace tflite {

template <typename LutInT>
constexpr int LUTSize() {
    static_assert(std::is_same<LutInT, int8_t>::value || std::is_same<LutInT, uint8_t>::value ||
                      std::is_same<LutInT, int16_t>::value,
                  "tables are of 8 or 16 bits");
    return std::is_same<LutInT, int16_t>::value ? 513 : 256;
}
template <typename LutInT>
constexpr int lut_size() {
    return LUTSize<LutInT>();
}

// Of 16 bits: 512 segments, each between its ends, corrected by half of the error at its middle.
template <typename FloatT, typename LutInT, typename LutOutT, typename Func>
inline void gen_lut(Func func, FloatT input_min, FloatT input_max, FloatT output_min,
                    FloatT output_max, LutOutT *table) {
    constexpr int n = LUTSize<LutInT>();
    const FloatT step = (input_max - input_min) / (n - 1), half_step = step / 2;
    const FloatT scale = 65536 / (output_max - output_min);
    const FloatT low = std::numeric_limits<LutOutT>::min(), high = std::numeric_limits<LutOutT>::max();
    for (int i = 0; i < n - 1; i++) {
        const FloatT at = input_min + i * step;
        const FloatT start = std::round(func(at) * scale);
        const FloatT middle = std::round(func(at + half_step) * scale);
        const FloatT between = std::round((func(at + step) * scale + start) / 2);
        const FloatT bias = std::round((between - middle) / 2);
        table[i] = static_cast<LutOutT>(std::min(std::max(start - bias, low), high));
    }
    table[n - 1] =
        static_cast<LutOutT>(std::min(std::max(std::round(func(input_max) * scale), low), high));
}

template <typename T>
inline typename std::enable_if<sizeof(T) == 1>::type LUTPopulate(
    float input_scale, int32_t input_zero_point, float output_scale, int32_t output_zero_point,
    float (*transform)(float), T *table) {
    const float inverse = 1 / output_scale;
    const int32_t low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    for (int32_t code = low; code <= high; code++) {
        const float y = transform(input_scale * (code - input_zero_point));
        const auto quantized = static_cast<int32_t>(std::round(y * inverse) + output_zero_point);
        table[static_cast<uint8_t>(static_cast<T>(code))] =
            static_cast<T>(std::max(std::min(high, quantized), low));
    }
}
template <typename T>
inline typename std::enable_if<std::is_same<T, int16_t>::value>::type LUTPopulate(
    float input_scale, int32_t input_zero_point, float output_scale, int32_t output_zero_point,
    float (*transform)(float), T *table) {
    const float low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
    gen_lut<float, int16_t, int16_t>(transform, input_scale * (low - input_zero_point),
                                     input_scale * (high - input_zero_point),
                                     output_scale * (low - output_zero_point),
                                     output_scale * (high - output_zero_point), table);
}

inline int16_t LUTLookup(int16_t value, const int16_t *table) {
    const auto index = static_cast<uint16_t>(256 + (value >> 7));
    const int16_t offset = value & 0x7F, base = table[index];
    const int16_t slope = table[index + 1] - base;
    return static_cast<int16_t>(base + ((static_cast<int32_t>(slope) * offset + 64) >> 7));
}
inline int8_t LUTLookup(int8_t value, const int8_t *table) {
    return table[static_cast<uint8_t>(value)];
}
inline uint8_t LUTLookup(uint8_t value, const uint8_t *table) { return table[value]; }

}  // namespace tflite

#endif  // WEFT_TFLM_INTERNAL_LOOKUP_H
