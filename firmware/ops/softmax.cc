// SOFTMAX of int8 over the last dimension, output scale 1/256 and zero point -128.
//
// tensorflow/lite/kernels/internal/reference/softmax.h in fixed point. The exponentials of all
// differences to the maximum come as a table; entries behind its end are zero in every result.
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kSumIntegerBits = 12;
constexpr int32_t kOutputBits = 8;

int32_t maximum(const int8_t *in, int32_t depth) {
    int32_t largest = INT8_MIN;
    for (const int8_t *end = in + depth; in != end; in++) {
        const int32_t code = *in;
        if (code > largest) largest = code;
    }
    return largest;
}

// What turns an exponential into its share of the sum, as an output code.
struct Scale {
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

    int8_t code(int32_t exponential) const {
        const uint32_t share = weft_srdhm_doubled(exponential, doubled_factor);
        const int32_t above_lowest = static_cast<int32_t>((share + half) >> shift);
        return (above_lowest > UINT8_MAX ? UINT8_MAX : above_lowest) + INT8_MIN;
    }
};

constexpr int32_t kKept = 64;

// One row. The exponentials of short rows are kept: the core's own memory, with the stack, is
// nearer than the tensor's.
template <bool keep>
void softmax_row(const weft_softmax_params_t *params, const int8_t *in, int8_t *out,
                 int32_t depth) {
    const int32_t largest = maximum(in, depth);
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
    const Scale scale(sum);
    for (int32_t i = 0; i < depth; i++)
        out[i] = scale.code(keep ? kept[i] : exponential_of(in[i]));
}

int32_t softmax(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT8 || out->type != WEFT_TYPE_INT8) return WEFT_STATUS_TYPE;
    if (in->rank < 1 || in->bytes != out->bytes) return WEFT_STATUS_SHAPE;
    const auto *params = static_cast<const weft_softmax_params_t *>(op->params);
    const int32_t depth = in->dims[in->rank - 1];
    const int8_t *from = static_cast<const int8_t *>(in->data);
    int8_t *to = static_cast<int8_t *>(out->data);
    const auto row = depth <= kKept ? softmax_row<true> : softmax_row<false>;
    for (const int8_t *end = from + in->bytes; from < end; from += depth, to += depth)
        row(params, from, to, depth);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("SOFTMAX", softmax)
