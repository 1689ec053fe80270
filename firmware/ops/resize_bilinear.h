// RESIZE_BILINEAR; tensorflow/lite/kernels/internal/reference/resize_bilinear.h.
//
// Inputs and weights of each output row, then of each output column, come with the parameters.
#ifndef WEFT_OPS_RESIZE_BILINEAR_H
#define WEFT_OPS_RESIZE_BILINEAR_H

#include <string.h>

#include "weft_op.h"

// Weights have 10 fractional bits each. Positions before the first pixel extrapolate with weights
// of up to 2 and -1, so that sums stay below 9 * 2^27. Halves are rounded up, or away from 0.
template <bool halves_up>
inline int8_t weft_rounded_sample(int32_t sum) {
    return static_cast<int8_t>((sum + (1 << 19) + (halves_up ? 0 : sum >> 31)) >> 20);
}

// A row of n neighbouring channels. Each input column is mixed once, and used by all outputs beside
// it, whose two weights add up to one.
template <int32_t n, bool halves_up>
inline void weft_resize_channels(const int8_t *north, const int8_t *south, int32_t channels,
                                 int8_t *to, const weft_sample_t &y, const weft_sample_t *x,
                                 int32_t width) {
    const int32_t north_weight = y.low_weight, south_weight = y.high_weight;
    int32_t west_at = -1, east_at = -1;
    int32_t west[n] = {}, step[n] = {};
    for (const weft_sample_t *end = x + width; x != end; x++, to += channels) {
        const int32_t low = x->low, high = x->high, weight = x->high_weight;
        if (low != west_at || high != east_at) {
            const int32_t to_west = low * channels, to_east = high * channels;
            const int8_t *north_west = north + to_west, *south_west = south + to_west;
            const int8_t *north_east = north + to_east, *south_east = south + to_east;
            const bool is_known = low == east_at;
#pragma GCC unroll 4
            for (int32_t c = 0; c < n; c++) {
                west[c] = is_known ? west[c] + step[c]
                                   : north_west[c] * north_weight + south_west[c] * south_weight;
                step[c] = north_east[c] * north_weight + south_east[c] * south_weight - west[c];
            }
            west_at = low;
            east_at = high;
        }
#pragma GCC unroll 4
        for (int32_t c = 0; c < n; c++)
            to[c] = weft_rounded_sample<halves_up>(west[c] * (1 << 10) + step[c] * weight);
    }
}

template <bool halves_up>
inline void weft_resize_codes(const int8_t *north, const int8_t *south, int32_t channels,
                              int8_t *to, const weft_sample_t &y, const weft_sample_t *columns,
                              int32_t width) {
    using Channels = void (*)(const int8_t *, const int8_t *, int32_t, int8_t *,
                              const weft_sample_t &, const weft_sample_t *, int32_t);
    static constexpr Channels kOf[] = {
        weft_resize_channels<1, halves_up>, weft_resize_channels<2, halves_up>,
        weft_resize_channels<3, halves_up>, weft_resize_channels<4, halves_up>};
    for (int32_t c = 0; c < channels; c += 4) {
        const int32_t n = channels - c < 4 ? channels - c : 4;
        kOf[n - 1](north + c, south + c, channels, to + c, y, columns, width);
    }
}

inline float weft_real(int32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

inline float weft_mix(float nw, float sw, float ne, float se, const weft_sample_t &y,
                      const weft_sample_t &x) {
    const float y_low = weft_real(y.low_weight), y_high = weft_real(y.high_weight);
    const float x_low = weft_real(x.low_weight), x_high = weft_real(x.high_weight);
    return nw * y_low * x_low + sw * y_high * x_low + ne * y_low * x_high + se * y_high * x_high;
}

// Calls row(north, south, channels, to, y, columns, width) for each row of the output.
template <typename T, typename Row>
inline int32_t weft_resize_bilinear(const weft_op_t *op, Row row) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    const auto *rows = static_cast<const weft_sample_t *>(op->params);
    const int32_t height = out->dims[1], width = out->dims[2], channels = out->dims[3];
    const int32_t row_size = in->dims[2] * channels, image = in->dims[1] * row_size;
    const T *from = static_cast<const T *>(in->data);
    T *to = static_cast<T *>(out->data);
    for (int32_t n = 0; n < out->dims[0]; n++, from += image) {
        for (int32_t i = 0; i < height; i++, to += width * channels) {
            const weft_sample_t y = rows[i];
            row(from + y.low * row_size, from + y.high * row_size, channels, to, y, rows + height,
                width);
        }
    }
    return WEFT_STATUS_OK;
}

#endif  // WEFT_OPS_RESIZE_BILINEAR_H
