// SoftKnee: a leaky ReLU whose corner is rounded, as an audio compressor's soft knee is; slope and
// width of the knee are learned for each channel. For slope a and knee w of x's channel
//
//     y = x                                      where x >= w
//     y = a * x                                  where x <= -w
//     y = (1 + a) / 2 * x + (1 - a) / 4 * (x * x / w + w)    in between
//
// which is continuous with its derivative. No table does this, because every channel differs.
//
// Operands:
//   0  x, int8, channels last, any shape, scale and zero point
//   1  slope, int8, one for each channel, scale 1/128, zero point 0: -1 <= a < 1
//   2  knee, int16, one for each channel, scale of x / 256, zero point 0, above 0: w in 256ths of
//      a step of x, so that nothing here depends on what the steps stand for
// Output: y, int8, of x's shape, any zero point; its scale is at least a quarter of x's.
//
// The result is y over its scale, rounded to nearest (halves up), plus its zero point, clamped. All
// of it is fixed point with 20 bits below the point; README.md beside this file has it exactly.
#include <string.h>

#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kFraction = 20;      // bits below the point of coefficients and sums
constexpr int32_t kSlopeFraction = 7;  // of a slope
constexpr int32_t kKneeFraction = 8;   // of a knee, in steps of x
constexpr int32_t kMaxRatio = 4;       // of x's scale to y's: the largest sum then stays below 2^31

// A scale taken apart: mantissa * 2^exponent with 2^23 <= mantissa < 2^24. Float would work as well,
// but in software: about a hundred cycles for each operation.
struct Scale {
    int32_t mantissa, exponent;

    explicit Scale(float value) {
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        const uint32_t biased = bits >> 23;  // with the sign, which must be 0
        const bool is_normal = biased > 0 && biased < 255;
        mantissa = is_normal ? static_cast<int32_t>((bits & 0x7FFFFF) | 0x800000) : 0;
        exponent = static_cast<int32_t>(biased) - 127 - 23;
    }

    bool is(int32_t other_mantissa, int32_t other_exponent) const {
        return mantissa == other_mantissa && exponent == other_exponent;
    }
};

// The ratio of two scales with kFraction bits below the point; 0 where it is out of range.
int32_t ratio_of(Scale x, Scale y) {
    const int32_t shift = x.exponent - y.exponent + kFraction;
    if (!y.mantissa || shift < 0 || shift > kFraction + 2) return 0;
    const uint64_t numerator = static_cast<uint64_t>(x.mantissa) << shift;
    const auto ratio = static_cast<int32_t>((numerator + (y.mantissa >> 1)) / y.mantissa);
    return ratio <= kMaxRatio << kFraction ? ratio : 0;
}

// What the elements of one channel are multiplied by, with kFraction bits below the point.
struct Channel {
    int32_t edge;                      // least distance from the zero point that is not in the knee
    int32_t above, below;              // y = above * x and y = below * x, outside it
    int32_t square, linear, constant;  // y = (square * x + linear) * x + constant, in it

    // ratio is the scale of x over that of y; slope and knee are the codes of the operands.
    Channel(int32_t ratio, int32_t slope, int32_t knee) {
        edge = (knee + (1 << kKneeFraction) - 1) >> kKneeFraction;
        above = ratio;
        below = (ratio * slope + (1 << (kSlopeFraction - 1))) >> kSlopeFraction;
        const int32_t bend = above - below;
        square = ((bend << (kKneeFraction - 2)) + (knee >> 1)) / knee;
        linear = (above + below + 1) >> 1;
        constexpr int32_t kShift = kKneeFraction + 2;
        const int64_t product = static_cast<int64_t>(bend) * knee;
        constant = static_cast<int32_t>((product + (1 << (kShift - 1))) >> kShift);
    }
};

// One channel of all pixels. Its elements are a stride apart, but its coefficients stay in
// registers: they are passed by value, because a store through int8_t * may alias anything.
void run_channel(Channel k, const weft_tensor_t *x, const weft_tensor_t *y, int32_t index,
                 int32_t stride) {
    const int32_t zero_point = x->zero_point;
    // The output's zero point, and the half that makes the shift at the end round to nearest.
    const int32_t offset = y->zero_point * (1 << kFraction) + (1 << (kFraction - 1));
    const int8_t *from = static_cast<const int8_t *>(x->data);
    const int8_t *end = from + x->bytes;
    int8_t *to = static_cast<int8_t *>(y->data) + index;
    for (from += index; from < end; from += stride, to += stride) {
        const int32_t distance = *from - zero_point;
        int32_t sum;
        if (distance >= k.edge)
            sum = k.above * distance;
        else if (distance <= -k.edge)
            sum = k.below * distance;
        else
            sum = (k.square * distance + k.linear) * distance + k.constant;
        *to = static_cast<int8_t>(weft_clamp((sum + offset) >> kFraction, INT8_MIN, INT8_MAX));
    }
}

bool is_activation(const weft_tensor_t *t) {
    return t->type == WEFT_TYPE_INT8 && t->zero_point >= INT8_MIN && t->zero_point <= INT8_MAX;
}

bool is_per_channel(const weft_tensor_t *t, int32_t type, int32_t channels) {
    return t->type == type && t->rank == 1 && t->dims[0] == channels && t->zero_point == 0;
}

// A file may hold anything under this operator's name: whatever the code relies on is checked, and
// what is not as it should be stops the inference with a status that the host reports.
int32_t soft_knee(const weft_op_t *op) {
    if (op->n_inputs != 3 || op->n_outputs != 1) return WEFT_STATUS_SHAPE;
    const weft_tensor_t *x = op->inputs[0], *slope = op->inputs[1], *knee = op->inputs[2];
    const weft_tensor_t *y = op->outputs[0];
    if (!is_activation(x) || !is_activation(y)) return WEFT_STATUS_TYPE;
    if (x->rank < 1 || x->bytes != y->bytes) return WEFT_STATUS_SHAPE;
    const int32_t channels = x->dims[x->rank - 1];
    if (!is_per_channel(slope, WEFT_TYPE_INT8, channels)) return WEFT_STATUS_SHAPE;
    if (!is_per_channel(knee, WEFT_TYPE_INT16, channels)) return WEFT_STATUS_SHAPE;

    const Scale scale(x->scale);
    const int32_t ratio = ratio_of(scale, Scale(y->scale));
    const bool scales_fit = Scale(slope->scale).is(1 << 23, -23 - kSlopeFraction) &&
                            Scale(knee->scale).is(scale.mantissa, scale.exponent - kKneeFraction);
    if (!ratio || !scales_fit) return WEFT_STATUS_PARAMS;

    const int8_t *slopes = static_cast<const int8_t *>(slope->data);
    const int16_t *knees = static_cast<const int16_t *>(knee->data);
    for (int32_t c = 0; c < channels; c++) {
        if (knees[c] <= 0) return WEFT_STATUS_PARAMS;
        run_channel(Channel(ratio, slopes[c], knees[c]), x, y, c, channels);
    }
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("SoftKnee", soft_knee)
