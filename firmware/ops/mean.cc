// MEAN of int8 over any dimensions; tensorflow/lite/kernels/internal/reference/reduce.h.
#include "strided_sum.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

// Dimensions of the input, outermost first; neighbours that are walked alike are merged.
struct Dimensions {
    int32_t n = 0;
    int32_t extent[WEFT_MAX_RANK];
    int32_t step[WEFT_MAX_RANK];

    // Adds one in front of those there are.
    void prepend(int32_t new_extent, int32_t new_step) {
        if (n && new_step == step[0] * extent[0]) {
            extent[0] *= new_extent;
            return;
        }
        for (int32_t i = n++; i > 0; i--) {
            extent[i] = extent[i - 1];
            step[i] = step[i - 1];
        }
        extent[0] = new_extent;
        step[0] = new_step;
    }
};

struct Mean {
    Dimensions kept, reduced;
    int32_t count = 1;  // elements of each sum
    int32_t zero_point_in, zero_point_out;
    const weft_mean_params_t *params;
    int8_t *to;

    Mean(const weft_op_t *op, const weft_tensor_t *in)
        : zero_point_in(in->zero_point),
          zero_point_out(op->outputs[0]->zero_point),
          params(static_cast<const weft_mean_params_t *>(op->params)),
          to(static_cast<int8_t *>(op->outputs[0]->data)) {
        int32_t step = 1;
        for (int32_t i = in->rank - 1; i >= 0; i--) {
            const int32_t extent = in->dims[i];
            const bool is_reduced = params->axes >> i & 1;
            if (is_reduced) count *= extent;
            if (extent != 1) (is_reduced ? reduced : kept).prepend(extent, step);
            step *= extent;
        }
        if (!reduced.n) reduced.prepend(1, 1);
        if (!kept.n) kept.prepend(1, 1);
    }

    void add(const int8_t *from, int32_t level, int32_t lanes, int32_t *sums) const {
        const int32_t extent = reduced.extent[level], step = reduced.step[level];
        if (level == reduced.n - 1) {
            weft_add_strided(from, extent, step, lanes, sums);
            return;
        }
        for (int32_t i = 0; i < extent; i++) add(from + i * step, level + 1, lanes, sums);
    }

    void write(const int8_t *from, int32_t lanes) {
        int32_t sums[kSumLanes] = {};
        add(from, 0, lanes, sums);
        for (int32_t lane = 0; lane < lanes; lane++) {
            const int32_t sum = sums[lane] - count * zero_point_in;
            const int32_t code = weft_mbqm(sum, params->multiplier, params->shift);
            *to++ = weft_clamp(code + zero_point_out, INT8_MIN, INT8_MAX);
        }
    }

    // Outputs in the order of memory; innermost ones that lie side by side are summed together.
    void run(const int8_t *from, int32_t level) {
        const int32_t extent = kept.extent[level], step = kept.step[level];
        if (level < kept.n - 1) {
            for (int32_t i = 0; i < extent; i++) run(from + i * step, level + 1);
            return;
        }
        const int32_t at_once = step == 1 ? kSumLanes : 1;
        for (int32_t i = 0; i < extent; i += at_once)
            write(from + i * step, extent - i < at_once ? extent - i : at_once);
    }
};

int32_t mean(const weft_op_t *op) {
    const weft_tensor_t *in = op->inputs[0], *out = op->outputs[0];
    if (in->type != WEFT_TYPE_INT8 || out->type != WEFT_TYPE_INT8) return WEFT_STATUS_TYPE;
    Mean mean(op, in);
    if (mean.count * static_cast<int32_t>(out->bytes) != static_cast<int32_t>(in->bytes))
        return WEFT_STATUS_SHAPE;
    mean.run(static_cast<const int8_t *>(in->data), 0);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("MEAN", mean)
