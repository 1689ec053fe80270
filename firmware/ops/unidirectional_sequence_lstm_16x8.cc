// UNIDIRECTIONAL_SEQUENCE_LSTM of int16 with weights of int8 and biases of int64, one for each unit of
// each gate. State: the cells of all batches, then their hidden codes.
#include <string.h>

#include "convolution_16x8.h"
#include "lstm.h"
#include "lstm_walk.h"

namespace {

using lstm::kGates;

struct Lstm : lstm::Cells {
    const char *biases;  // may lie at any address
    const int8_t *weights[2 * kGates];

    int32_t product(int32_t number, int32_t unit, const int16_t *x, int32_t n, int64_t sum) const {
        sum += wide::dot(x, weights[number] + unit * n, n, 1);
        return lstm::saturated(
            weft_mbqm_64(sum, scales[number].multiplier, scales[number].shift));
    }

    // The sum in front of a gate's activation, Q3.12.
    int32_t gate(int32_t g, int32_t unit, const int16_t *x, const int16_t *hidden) const {
        int64_t bias;
        memcpy(&bias, biases + (g * p->units + unit) * 8, sizeof bias);
        return lstm::saturated(product(g, unit, x, p->inputs, bias) +
                               product(kGates + g, unit, hidden, p->units, 0));
    }
};

const weft_lstm_params_t *params(const weft_op_t *op) {
    return static_cast<const weft_lstm_params_t *>(op->params);
}

uint32_t state_bytes(const weft_op_t *op) {
    return static_cast<uint32_t>(params(op)->batches * params(op)->units) * 4;
}

uint32_t scratch_bytes(const weft_op_t *op) {
    return static_cast<uint32_t>(params(op)->units) * 2;
}

int32_t init(const weft_op_t *op) {
    memset(op->state, 0, state_bytes(op));
    return WEFT_STATUS_OK;
}

int32_t run(const weft_op_t *op) {
    const weft_lstm_params_t *p = params(op);
    const auto *scales = reinterpret_cast<const weft_scale_t *>(p + 1);
    Lstm layer{{p, scales}, reinterpret_cast<const char *>(scales + 2 * kGates + 3), {}};
    for (int32_t i = 0; i < 2 * kGates; i++)
        layer.weights[i] = static_cast<const int8_t *>(op->inputs[1 + i]->data);
    int16_t *cells = static_cast<int16_t *>(op->state), *hidden = cells + p->batches * p->units;
    for (int32_t b = 0; b < p->batches; b++, cells += p->units, hidden += p->units)
        weft_lstm_steps<int16_t>(
            op, p, b, hidden, [&](const int16_t *x, const int16_t *before, int16_t *next) {
                const auto sum = [&](int32_t g, int32_t u) { return layer.gate(g, u, x, before); };
                layer.step(sum, cells, next);
            });
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("UNIDIRECTIONAL_SEQUENCE_LSTM_16X8", run, init, state_bytes, scratch_bytes)
