// Sums of codes at a constant stride, for several neighbouring channels at once.
#ifndef WEFT_OPS_STRIDED_SUM_H
#define WEFT_OPS_STRIDED_SUM_H

#include <stdint.h>

constexpr int32_t kSumLanes = 4;

// Four sums in two words of two 16-bit fields each, of codes moved up by 128 so that no field goes
// below zero; 257 codes of 255 would fill one.
inline void weft_add_packed(const int8_t *from, int32_t count, int32_t stride, int32_t *sums) {
    typedef uint32_t __attribute__((may_alias)) word_t;
    constexpr int32_t kFieldCodes = 256;
    constexpr uint32_t kFields = 0x00FF00FF;
    while (count > 0) {
        const int32_t n = count < kFieldCodes ? count : kFieldCodes;
        uint32_t even = 0, odd = 0;
        for (const int8_t *end = from + n * stride; from != end; from += stride) {
            const uint32_t codes = *reinterpret_cast<const word_t *>(from) ^ 0x80808080;
            even += codes & kFields;
            odd += codes >> 8 & kFields;
        }
        const int32_t bias = 128 * n;
        sums[0] += static_cast<int32_t>(even & 0xFFFF) - bias;
        sums[1] += static_cast<int32_t>(odd & 0xFFFF) - bias;
        sums[2] += static_cast<int32_t>(even >> 16) - bias;
        sums[3] += static_cast<int32_t>(odd >> 16) - bias;
        count -= n;
    }
}

// Adds to sums[0..lanes-1] the codes from[k * stride + lane] for k below count; lanes is at most
// kSumLanes.
template <typename T>
inline void weft_add_lanes(const T *from, int32_t count, int32_t stride, int32_t lanes,
                           int32_t *sums) {
    for (int32_t lane = 0; lane < lanes; lane++) {
        int32_t sum = sums[lane];
        const T *p = from + lane;
        for (int32_t k = count; k > 0; k--, p += stride) sum += *p;
        sums[lane] = sum;
    }
}

inline void weft_add_strided(const int16_t *from, int32_t count, int32_t stride, int32_t lanes,
                             int32_t *sums) {
    weft_add_lanes(from, count, stride, lanes, sums);
}

inline void weft_add_strided(const int8_t *from, int32_t count, int32_t stride, int32_t lanes,
                             int32_t *sums) {
    const uintptr_t alignment = reinterpret_cast<uintptr_t>(from) | static_cast<uintptr_t>(stride);
    if (lanes == kSumLanes && alignment % 4 == 0)
        weft_add_packed(from, count, stride, sums);
    else
        weft_add_lanes(from, count, stride, lanes, sums);
}

#endif  // WEFT_OPS_STRIDED_SUM_H
