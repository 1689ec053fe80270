// SOFTMAX of int8 over the last dimension, to int8 of scale 1/256 and zero point -128, or to int16
// of scale 1/65536 and zero point -32768.
//
// tensorflow/lite/kernels/internal/reference/softmax.h in fixed point. The exponentials of all
// differences to the maximum come as a table; entries behind its end are zero in every result.
#ifndef WEFT_OPS_SOFTMAX_H
#define WEFT_OPS_SOFTMAX_H

#include "rows.h"
#include "weft_fixed_point.h"

inline constexpr int32_t kWeftSoftmaxSumBits = 12;

// What turns an exponential into its share of the sum, as an output code.
template <typename Out>
struct weft_softmax_scale_t {
    static constexpr int32_t kOutputBits = 8 * sizeof(Out);
    static constexpr int32_t kSteps = (1 << kOutputBits) - 1;

    uint32_t doubled_factor, half;
    int32_t shift;

    // The sum is at least one, the share of the largest, and rarely much more: its headroom is
    // found quickly from there, where counting zeros takes an instruction that most cores lack.
    explicit weft_softmax_scale_t(uint32_t sum) {
        int32_t bits_over_unit, headroom = kWeftSoftmaxSumBits;
        for (uint32_t rest = sum >> (32 - kWeftSoftmaxSumBits); rest; rest >>= 1) headroom--;
        const int32_t factor =
            weft_reciprocal_below(sum, headroom, kWeftSoftmaxSumBits, &bits_over_unit);
        doubled_factor = static_cast<uint32_t>(factor) << 1;
        shift = bits_over_unit + 31 - kOutputBits;
        if (shift > 31) {
            // Above 511 in all, where TensorFlow Lite's assertion fails: every share rounds to 0.
            doubled_factor = 0;
            shift = 31;
        }
        half = 1u << (shift - 1);
    }

    Out code(int32_t exponential) const {
        const uint32_t share = weft_srdhm_doubled(exponential, doubled_factor);
        const int32_t above_lowest = static_cast<int32_t>((share + half) >> shift);
        return (above_lowest > kSteps ? kSteps : above_lowest) - (kSteps + 1) / 2;
    }
};

inline constexpr int32_t kWeftSoftmaxKept = 64;

// One row. The exponentials of short rows are kept: the core's own memory, with the stack, is
// nearer than the tensor's.
template <typename Out, bool keep>
inline void weft_softmax_row(const weft_softmax_params_t *params, const int8_t *in, Out *out,
                             int32_t depth) {
    const int32_t largest = weft_row_maximum<int8_t>(in, depth, INT8_MIN);
    const uint32_t n_entries = params->n_entries;
    const int32_t *table = params->exp_table;
    const auto exponential_of = [=](int32_t code) {
        const uint32_t difference = largest - code;
        return difference < n_entries ? table[difference] : 0;
    };

    // Nothing here is negative, so that rounding needs no look at the sign; unsigned, because a
    // table entry of almost 2^31 and half a step exceed int32.
    int32_t kept[keep ? kWeftSoftmaxKept : 1];
    uint32_t sum = 0;
    for (int32_t i = 0; i < depth; i++) {
        const int32_t exponential = exponential_of(in[i]);
        if (keep) kept[i] = exponential;
        sum += (exponential + (1u << (kWeftSoftmaxSumBits - 1))) >> kWeftSoftmaxSumBits;
    }
    const weft_softmax_scale_t<Out> scale(sum);
    for (int32_t i = 0; i < depth; i++)
        out[i] = scale.code(keep ? kept[i] : exponential_of(in[i]));
}

// Few classes, in registers.
template <typename Out, int32_t depth>
inline void weft_softmax_few(const weft_softmax_params_t *params, const int8_t *in, Out *out,
                             int32_t) {
    int32_t codes[depth], exponentials[depth];
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < depth; i++) {
        codes[i] = in[i];
        largest = codes[i] > largest ? codes[i] : largest;
    }
    uint32_t sum = 0;
    for (int32_t i = 0; i < depth; i++) {
        const uint32_t difference = largest - codes[i];
        exponentials[i] = difference < params->n_entries ? params->exp_table[difference] : 0;
        sum += (exponentials[i] + (1u << (kWeftSoftmaxSumBits - 1))) >> kWeftSoftmaxSumBits;
    }
    const weft_softmax_scale_t<Out> scale(sum);
    for (int32_t i = 0; i < depth; i++) out[i] = scale.code(exponentials[i]);
}

// Both shares of two classes depend on their difference alone, and so are kept.
inline constexpr int32_t kWeftSoftmaxPairsWorthKeeping = 64;

template <typename Out>
inline int32_t weft_softmax_pairs(const weft_op_t *op, const weft_softmax_params_t *params) {
    struct Shares {
        Out larger, smaller;
    };
    Shares shares[256];
    uint32_t known[8] = {};
    return weft_rows<int8_t, Out>(op, [&](const int8_t *in, Out *out, int32_t) {
        const int32_t first = in[0], second = in[1];
        const bool is_less = first < second;
        const uint32_t difference = is_less ? second - first : first - second;
        Shares &found = shares[difference];
        const uint32_t mask = 1u << (difference & 31);
        if (__builtin_expect(!(known[difference >> 5] & mask), false)) {
            const int8_t pair[] = {static_cast<int8_t>(is_less ? second : first),
                                   static_cast<int8_t>(is_less ? first : second)};
            weft_softmax_few<Out, 2>(params, pair, &found.larger, 2);
            known[difference >> 5] |= mask;
        }
        out[is_less] = found.larger;
        out[!is_less] = found.smaller;
    });
}

template <typename Out>
inline int32_t weft_softmax(const weft_op_t *op) {
    const auto *params = weft_params<weft_softmax_params_t>(op);
    const weft_tensor_t *in = op->inputs[0];
    const int32_t classes = in->rank ? in->dims[in->rank - 1] : 0;
    if (classes == 2 && in->bytes >= 2 * kWeftSoftmaxPairsWorthKeeping)
        return weft_softmax_pairs<Out>(op, params);
    const auto row = classes == 2   ? weft_softmax_few<Out, 2>
                     : classes == 3 ? weft_softmax_few<Out, 3>
                     : classes == 4 ? weft_softmax_few<Out, 4>
                     : classes <= kWeftSoftmaxKept ? weft_softmax_row<Out, true>
                                                   : weft_softmax_row<Out, false>;
    return weft_rows<int8_t, Out>(
        op, [=](const int8_t *in, Out *out, int32_t depth) { row(params, in, out, depth); });
}

#endif  // WEFT_OPS_SOFTMAX_H
