// SOFTMAX of int8 over the last dimension, to int8 of scale 1/256 and zero point -128, or to int16
// of scale 1/65536 and zero point -32768.
//
// tensorflow/lite/kernels/internal/reference/softmax.h in fixed point. The exponentials of all
// differences to the maximum come as a table; entries behind its end are zero in every result.
#include "rows.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kSumIntegerBits = 12;

// What turns an exponential into its share of the sum, as an output code.
template <typename Out>
struct Scale {
    static constexpr int32_t kOutputBits = 8 * sizeof(Out);
    static constexpr int32_t kSteps = (1 << kOutputBits) - 1;

    uint32_t doubled_factor, half;
    int32_t shift;

    explicit Scale(uint32_t sum) {
        int32_t bits_over_unit;
        const int32_t factor = weft_reciprocal(sum, kSumIntegerBits, &bits_over_unit);
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

constexpr int32_t kKept = 64;

// One row. The exponentials of short rows are kept: the core's own memory, with the stack, is
// nearer than the tensor's.
template <typename Out, bool keep>
void softmax_row(const weft_softmax_params_t *params, const int8_t *in, Out *out, int32_t depth) {
    const int32_t largest = weft_row_maximum<int8_t>(in, depth, INT8_MIN);
    const uint32_t n_entries = params->n_entries;
    const int32_t *table = params->exp_table;
    const auto exponential_of = [=](int32_t code) {
        const uint32_t difference = largest - code;
        return difference < n_entries ? table[difference] : 0;
    };

    // Nothing here is negative, so that rounding needs no look at the sign; unsigned, because a
    // table entry of almost 2^31 and half a step exceed int32.
    int32_t kept[keep ? kKept : 1];
    uint32_t sum = 0;
    for (int32_t i = 0; i < depth; i++) {
        const int32_t exponential = exponential_of(in[i]);
        if (keep) kept[i] = exponential;
        sum += (exponential + (1u << (kSumIntegerBits - 1))) >> kSumIntegerBits;
    }
    const Scale<Out> scale(sum);
    for (int32_t i = 0; i < depth; i++)
        out[i] = scale.code(keep ? kept[i] : exponential_of(in[i]));
}

template <typename Out>
int32_t softmax_to(const weft_op_t *op) {
    const auto *params = weft_params<weft_softmax_params_t>(op);
    return weft_rows<int8_t, Out>(op, [=](const int8_t *in, Out *out, int32_t depth) {
        const auto row = depth <= kKept ? softmax_row<Out, true> : softmax_row<Out, false>;
        row(params, in, out, depth);
    });
}

int32_t softmax(const weft_op_t *op) {
    return op->outputs[0]->type == WEFT_TYPE_INT16 ? softmax_to<int16_t>(op)
                                                   : softmax_to<int8_t>(op);
}

}  // namespace

WEFT_OP("SOFTMAX", softmax)
