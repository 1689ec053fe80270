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
    for (const int8_t *end = in + depth; in < end; in++)
        if (*in > largest) largest = *in;
    return largest;
}

void softmax_row(const weft_softmax_params_t *params, const int8_t *in, int8_t *out,
                 int32_t depth) {
    const int32_t largest = maximum(in, depth);
    const uint32_t n_entries = params->n_entries;
    const int32_t *table = params->exp_table;

    // Nothing here is negative, so that rounding needs no look at the sign; unsigned, because a
    // table entry of almost 2^31 and half a step exceed int32.
    uint32_t sum = 0;
    for (int32_t i = 0; i < depth; i++) {
        const uint32_t difference = largest - in[i];
        if (difference < n_entries)
            sum += (table[difference] + (1u << (kSumIntegerBits - 1))) >> kSumIntegerBits;
    }

    int32_t bits_over_unit;
    const int32_t scale = weft_reciprocal(sum, kSumIntegerBits, &bits_over_unit);
    uint32_t doubled_scale = static_cast<uint32_t>(scale) << 1;
    int32_t shift = bits_over_unit + 31 - kOutputBits;
    if (shift > 31) {
        // Above 511 in all, where TensorFlow Lite's assertion fails: every share rounds to 0.
        doubled_scale = 0;
        shift = 31;
    }
    const uint32_t half = 1u << (shift - 1);
    for (int32_t i = 0; i < depth; i++) {
        const uint32_t difference = largest - in[i];
        int32_t result = INT8_MIN;
        if (difference < n_entries) {
            const uint32_t share = weft_srdhm_doubled(table[difference], doubled_scale);
            result += static_cast<int32_t>((share + half) >> shift);
            if (result > INT8_MAX) result = INT8_MAX;
        }
        out[i] = result;
    }
}

int32_t softmax(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT8 || out->type != WEFT_TYPE_INT8) return WEFT_STATUS_TYPE;
    if (in->rank < 1 || in->bytes != out->bytes) return WEFT_STATUS_SHAPE;
    const auto *params = static_cast<const weft_softmax_params_t *>(op->params);
    const int32_t depth = in->dims[in->rank - 1];
    const int8_t *from = static_cast<const int8_t *>(in->data);
    int8_t *to = static_cast<int8_t *>(out->data);
    for (const int8_t *end = from + in->bytes; from < end; from += depth, to += depth)
        softmax_row(params, from, to, depth);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("SOFTMAX", softmax)
