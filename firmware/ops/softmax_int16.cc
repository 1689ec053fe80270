// SOFTMAX of int16 over the last dimension, by interpolation.
//
// tensorflow/lite/kernels/internal/reference/softmax.h, SoftmaxInt16.
#include "rows.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

int32_t interpolated(const int16_t *table, int32_t value) {
    const int16_t *entry = table + 256 + (value >> 7);
    return entry[0] + (((entry[1] - entry[0]) * (value & 127) + 64) >> 7);
}

int32_t softmax(const weft_op_t *op) {
    const auto *p = weft_params<weft_softmax_int16_params_t>(op);
    return weft_rows<int16_t, int16_t>(op, [=](const int16_t *in, int16_t *out, int32_t depth) {
        const int32_t largest = weft_row_maximum<int16_t>(in, depth, INT16_MIN);
        int32_t sum = 0;
        for (int32_t i = 0; i < depth; i++) {
            const int32_t scaled = weft_mbqm(in[i] - largest, p->multiplier, p->shift) + INT16_MAX;
            out[i] = interpolated(p->exp_table, weft_clamp(scaled, INT16_MIN, INT16_MAX));
            sum += out[i];
        }
        const int32_t headroom = __builtin_clz(static_cast<uint32_t>(sum));
        // 1.15 with the leading one at 2^16; what is above it is looked up.
        const uint32_t scaled = static_cast<uint32_t>(sum) << (headroom - 1);
        const int32_t normalised = static_cast<int32_t>((scaled + (1u << 13)) >> 14);
        const int32_t above_one = normalised - (1 << 15) - (1 << 16);
        const int32_t reciprocal =
            interpolated(p->reciprocal_table, weft_clamp(above_one, INT16_MIN, INT16_MAX));
        for (int32_t i = 0; i < depth; i++) {
            const int32_t share = (out[i] * reciprocal + (1 << (30 - headroom))) >> (31 - headroom);
            out[i] = weft_clamp(share, 0, INT16_MAX);
        }
    });
}

}  // namespace

WEFT_OP("SOFTMAX_INT16", softmax)
