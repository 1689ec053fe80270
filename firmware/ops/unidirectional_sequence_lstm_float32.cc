// UNIDIRECTIONAL_SEQUENCE_LSTM of float32; tensorflow/lite/micro/kernels/lstm_eval.cc. Products are
// added in its order. State: the cells of all batches, then what is hidden.
#include <string.h>

#include "convolution_float32.h"
#include "float_math.h"
#include "lstm_walk.h"
#include "types.h"

namespace {

constexpr int32_t kGates = 4, kBiases = 12;  // gates: input, forget, cell, output

struct Lstm {
    const weft_op_t *op;
    const weft_lstm_float_params_t *p;

    const float *constant(int32_t operand) const {
        return static_cast<const float *>(op->inputs[operand]->data);
    }

    // The sum in front of a gate's activation.
    float gate(int32_t g, int32_t unit, const float *x, const float *hidden) const {
        const float *own = constant(1 + g) + unit * p->inputs;
        const float *recurrent = constant(1 + kGates + g) + unit * p->units;
        const float from_input =
            weft_add_products(0, x, own, p->inputs, 1) + constant(kBiases + g)[unit];
        return from_input + weft_add_products(0, hidden, recurrent, p->units, 1);
    }

    void step(const float *x, float *cells, const float *hidden, float *next) const {
        for (int32_t u = 0; u < p->units; u++) {
            const float forget = weft_logisticf(gate(1, u, x, hidden));
            const float input = weft_logisticf(gate(0, u, x, hidden));
            const float candidate = weft_tanhf(gate(2, u, x, hidden));
            const float output = weft_logisticf(gate(3, u, x, hidden));
            float cell = forget * cells[u] + input * candidate;
            if (p->cell_clip > 0) {
                cell = cell > p->cell_clip ? p->cell_clip : cell;
                cell = cell < -p->cell_clip ? -p->cell_clip : cell;
            }
            cells[u] = cell;
            next[u] = output * weft_tanhf(cell);
        }
    }
};

const weft_lstm_float_params_t *params(const weft_op_t *op) {
    return weft_params<weft_lstm_float_params_t>(op);
}

uint32_t state_bytes(const weft_op_t *op) {
    return static_cast<uint32_t>(params(op)->batches * params(op)->units) * 8;
}

uint32_t scratch_bytes(const weft_op_t *op) {
    return static_cast<uint32_t>(params(op)->units) * 4;
}

int32_t init(const weft_op_t *op) {
    memset(op->state, 0, state_bytes(op));
    return WEFT_STATUS_OK;
}

int32_t run(const weft_op_t *op) {
    const weft_lstm_float_params_t *p = params(op);
    const Lstm layer{op, p};
    float *cells = static_cast<float *>(op->state), *hidden = cells + p->batches * p->units;
    for (int32_t b = 0; b < p->batches; b++, cells += p->units, hidden += p->units)
        weft_lstm_steps<float>(
            op, p, b, hidden, [&](const float *x, const float *before, float *next) {
                layer.step(x, cells, before, next);
            });
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("UNIDIRECTIONAL_SEQUENCE_LSTM_FLOAT32", run, init, state_bytes, scratch_bytes)
