// LOG_SOFTMAX of int8 over the last dimension, output scale 1/16 and zero point 127.
//
// tensorflow/lite/kernels/internal/reference/log_softmax.h in fixed point. The exponentials of all
// differences to the maximum come as a table.
#include "rows.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kSumIntegerBits = 12;
constexpr int32_t kLogIntegerBits = 5;
constexpr int32_t kAccumulatorBits = kLogIntegerBits + 1;
constexpr int32_t kOutputIntegerBits = 4;

// (a + b) / 2, ties away from zero.
int32_t half_sum(int32_t a, int32_t b) {
    const int64_t sum = static_cast<int64_t>(a) + b;
    return static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
}

// log(x) in Q5.26 for x >= 1 in Q12.19: log_x_for_x_greater_than_or_equal_to_1 of
// tensorflow/lite/kernels/internal/common.h. x is 2^n * r, n an odd number of quarters, and the
// logarithm of r a quotient of polynomials about the fourth root of 1/2.
int32_t log_of(int32_t x) {
    constexpr int32_t kLog2 = 1488522236, kFourthRootOfHalf = 1805811301, kRootOfHalf = 1518500250;
    constexpr int32_t kNumerator = 117049297, kDenominator2 = 127690142, kDenominator0 = 1057819769;
    constexpr int32_t kDenominator1 = 638450708;
    constexpr int32_t kUnit = 31 - kAccumulatorBits, kQuarter = 1 << (kUnit - 2);

    const int32_t clz = __builtin_clz(static_cast<uint32_t>(x));
    const int32_t scaled = weft_srdhm(x, kRootOfHalf);
    const int32_t r_a =
        weft_saturating_shift_left(weft_srdhm(x << (clz - 1), kRootOfHalf), 1);
    const int32_t headroom = __builtin_clz(static_cast<uint32_t>(scaled)) - 1;
    const int32_t r_b = weft_saturating_shift_left(x, headroom);
    const int32_t power_a = (kSumIntegerBits - clz) * (1 << kUnit) + kQuarter;
    const int32_t power_b = (kSumIntegerBits - headroom) * (1 << kUnit) - kQuarter;
    const int32_t r = r_a < r_b ? r_a : r_b;
    const int32_t power = power_a > power_b ? power_a : power_b;

    const int32_t p = half_sum(r, kFourthRootOfHalf), q = 2 * (r - kFourthRootOfHalf);
    const int32_t square = weft_srdhm(q, q);
    const int32_t numerator =
        weft_srdhm(q, r) + weft_srdhm(weft_srdhm(q, square), kNumerator);
    const int32_t denominator =
        weft_srdhm(p, kDenominator0 + q + weft_srdhm(kDenominator2, square)) +
        weft_srdhm(kDenominator1, q);
    const int32_t quotient = weft_srdhm(weft_rdbp(numerator, kAccumulatorBits),
                                        weft_one_over_one_plus(denominator));
    return weft_saturating_shift_left(weft_srdhm(power, kLog2) + quotient, 1);
}

int32_t log_softmax(const weft_op_t *op) {
    const auto *p = weft_params<weft_log_softmax_params_t>(op);
    return weft_rows<int8_t, int8_t>(op, [=](const int8_t *in, int8_t *out, int32_t depth) {
        const int32_t largest = weft_row_maximum<int8_t>(in, depth, INT8_MIN);
        int32_t sum = 0;
        for (int32_t i = 0; i < depth; i++) {
            const int32_t difference = largest - in[i];
            if (difference < p->n_entries)
                sum += weft_rdbp(p->exp_table[difference], kSumIntegerBits);
        }
        const int32_t log_sum = log_of(sum);
        const int32_t reverse =
            weft_mbqm(log_sum + INT32_MIN, p->reverse_multiplier, p->reverse_shift);
        const int32_t above = reverse > p->diff_min - 1 ? reverse : p->diff_min - 1;
        for (int32_t i = 0; i < depth; i++) {
            const int32_t difference = in[i] - largest;
            out[i] = INT8_MIN;
            if (difference > above) {
                const int32_t scaled = weft_mbqm(difference, p->multiplier, p->shift);
                const int32_t code =
                    weft_rdbp(scaled - log_sum, 31 - kLogIntegerBits - kOutputIntegerBits);
                out[i] = weft_clamp(code + INT8_MAX, INT8_MIN, INT8_MAX);
            }
        }
    });
}

}  // namespace

WEFT_OP("LOG_SOFTMAX", log_softmax)
