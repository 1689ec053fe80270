// SVDF of int8 with states of int8 or int16; tensorflow/lite/micro/kernels/svdf_common.cc.
#include <string.h>

#include "weft_accelerator.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

const weft_svdf_params_t *params(const weft_op_t *op) {
    return static_cast<const weft_svdf_params_t *>(op->params);
}

int32_t state_elements(const weft_svdf_params_t *p) { return p->batches * p->filters * p->memory; }

template <typename T>
struct Svdf {
    const weft_svdf_params_t *p;
    const int8_t *features;
    const T *times;
    const int32_t *bias;
    T *state;

    // All states move on by one, across their borders as well: what comes in is overwritten.
    void shift() {
        const int32_t n = state_elements(p);
        memmove(state, state + 1, static_cast<uint32_t>(n - 1) * sizeof(T));
    }

    void feed(const int8_t *x, int32_t low, int32_t high) {
        T *last = state + p->memory - 1;
        for (int32_t b = 0; b < p->batches; b++, x += p->inputs) {
            const int8_t *w = features;
            for (int32_t f = 0; f < p->filters; f++, last += p->memory) {
                int32_t sum = 0;
                for (int32_t i = 0; i < p->inputs; i++) sum += *w++ * (x[i] - p->in_zero_point);
                sum = weft_mbqm(sum, p->feature_multiplier, p->feature_shift);
                // The zero point comes behind the clamp, and may wrap.
                *last = static_cast<T>(weft_clamp(sum, low, high) + p->state_zero_point);
            }
        }
    }

    // The same from what the array makes of the sums, while the states move on.
    void feed(const weft_op_t *op) {
        const int32_t n = p->batches * p->filters;
        weft_queue_t queue;
        weft_queue(&queue, op);
        auto *low = static_cast<int8_t *>(
            weft_space(&queue, static_cast<uint32_t>(2 * n)).workspace);
        int8_t *high = sizeof(T) == 1 ? nullptr : low + n;
        const auto *x = static_cast<const int8_t *>(op->inputs[0]->data);
        const weft_rows_t rows = {x, low, high, p->batches, p->inputs, p->filters};
        const weft_ticket_t done = weft_multiply(&queue, 0, &rows, WEFT_NOW);
        shift();
        weft_wait(&queue, done);
        T *last = state + p->memory - 1;
        for (int32_t i = 0; i < n; i++, last += p->memory) {
            const int32_t sum = high ? weft_int16(low, high, i) : low[i];
            *last = static_cast<T>(sum + p->state_zero_point);
        }
    }

    void read(int8_t *to, int32_t out_zero_point) const {
        const int32_t per_unit = p->rank * p->memory, units = p->filters / p->rank;
        const T *from = state;
        for (int32_t b = 0; b < p->batches; b++) {
            const T *w = times;
            for (int32_t u = 0; u < units; u++) {
                int32_t sum = bias[u];
                for (int32_t i = per_unit; i > 0; i--) sum += *w++ * (*from++ - p->state_zero_point);
                sum = weft_mbqm(sum, p->time_multiplier, p->time_shift) + out_zero_point;
                *to++ = static_cast<int8_t>(weft_clamp(sum, -128, 127));
            }
        }
    }
};

template <typename T>
void run(const weft_op_t *op, int32_t low, int32_t high) {
    Svdf<T> svdf{params(op), static_cast<const int8_t *>(op->inputs[1]->data),
                 static_cast<const T *>(op->inputs[2]->data),
                 static_cast<const int32_t *>(op->inputs[3]->data),
                 static_cast<T *>(op->state)};
    if (op->accelerator) {
        svdf.feed(op);
    } else {
        svdf.shift();
        svdf.feed(static_cast<const int8_t *>(op->inputs[0]->data), low, high);
    }
    svdf.read(static_cast<int8_t *>(op->outputs[0]->data), op->outputs[0]->zero_point);
}

uint32_t state_bytes(const weft_op_t *op) {
    const uint32_t size = op->inputs[2]->type == WEFT_TYPE_INT8 ? 1 : 2;
    return static_cast<uint32_t>(state_elements(params(op))) * size;
}

int32_t init(const weft_op_t *op) {
    // The zero point of int16 states is 0.
    memset(op->state, params(op)->state_zero_point, state_bytes(op));
    return WEFT_STATUS_OK;
}

int32_t svdf(const weft_op_t *op) {
    if (op->inputs[2]->type == WEFT_TYPE_INT8)
        run<int8_t>(op, INT8_MIN, INT8_MAX);
    else
        run<int16_t>(op, INT16_MIN, INT16_MAX);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("SVDF", svdf, init, state_bytes)
