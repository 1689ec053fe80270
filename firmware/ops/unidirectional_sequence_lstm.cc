// UNIDIRECTIONAL_SEQUENCE_LSTM of int8 with int16 cells; tensorflow/lite/micro/kernels/lstm_eval.cc.
//
// Zero points are folded into the biases. State: the cells of all batches, then their hidden codes.
#include <string.h>

#include "lstm.h"
#include "lstm_walk.h"
#include "weft_accelerator.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

using lstm::kGates;
using lstm::saturated;
using lstm::scaled;

int32_t dot(const int8_t *weights, const int8_t *codes, int32_t n, int32_t sum) {
    for (; n > 0; n--) sum += *weights++ * *codes++;
    return sum;
}

struct Lstm : lstm::Cells {
    const int32_t *biases;  // of inputs, then of hidden codes, for each unit of each gate
    const int8_t *weights[2 * kGates];

    // The sum in front of a gate's activation, Q3.12.
    int32_t gate(int32_t g, int32_t unit, const int8_t *x, const int8_t *hidden) const {
        const int32_t inputs = p->inputs, units = p->units;
        const int32_t from_input =
            dot(weights[g] + unit * inputs, x, inputs, biases[g * units + unit]);
        const int32_t from_hidden = dot(weights[kGates + g] + unit * units, hidden, units,
                                        biases[(kGates + g) * units + unit]);
        return saturated(scaled(from_input, scales[g]) + scaled(from_hidden, scales[kGates + g]));
    }
};

enum Product { kFromInput, kFromHidden };

// Sums from the array: over inputs for many steps at once, over hidden codes step by step.
class OnArray {
   public:
    OnArray(const weft_op_t *op, const Lstm &layer)
        : p_(layer.p), layer_(layer), gates_(kGates * layer.p->units),
          in_(static_cast<const int8_t *>(op->inputs[0]->data)),
          out_(static_cast<int8_t *>(op->outputs[0]->data)) {
        weft_queue(&queue_, op);
        const uint32_t bytes = op->accelerator->workspace_bytes / 8 * 8;
        auto *space = static_cast<int8_t *>(weft_space(&queue_, bytes).workspace);
        hidden_sums_ = space;
        hidden_ = space + 2 * gates_;
        input_sums_ = hidden_ + p_->units;
        at_once_ = (static_cast<int32_t>(bytes) - 2 * gates_ - p_->units) / (2 * gates_);
    }

    void sequence(int32_t batch, int16_t *cells, int8_t *hidden) {
        const uint32_t units = static_cast<uint32_t>(p_->units);
        memcpy(hidden_, hidden, units);
        for (int32_t first = 0; first < p_->steps; first += at_once_) {
            const int32_t rest = p_->steps - first, n = rest < at_once_ ? rest : at_once_;
            const int32_t row = batch * p_->batch_rows + first * p_->step_rows;
            const weft_rows_t inputs = {in_ + row * p_->inputs, input_sums_,
                                        input_sums_ + n * gates_, n,
                                        p_->step_rows * p_->inputs, gates_};
            weft_multiply(&queue_, kFromInput, &inputs, WEFT_NOW);
            for (int32_t t = 0; t < n; t++) {
                step(inputs, t, cells);
                memcpy(out_ + (row + t * p_->step_rows) * p_->units, hidden_, units);
            }
        }
        memcpy(hidden, hidden_, units);
    }

   private:
    void step(const weft_rows_t &inputs, int32_t t, int16_t *cells) {
        const weft_rows_t rows = {hidden_, hidden_sums_, hidden_sums_ + gates_, 1, p_->units,
                                  gates_};
        weft_wait(&queue_, weft_multiply(&queue_, kFromHidden, &rows, WEFT_NOW));
        const auto sum = [&](int32_t gate, int32_t unit) {
            const int32_t i = gate * p_->units + unit;
            return saturated(weft_int16(inputs.low, inputs.high, t * gates_ + i) +
                             weft_int16(rows.low, rows.high, i));
        };
        layer_.step(sum, cells, hidden_);
    }

    const weft_lstm_params_t *p_;
    const Lstm &layer_;
    int32_t gates_, at_once_;
    const int8_t *in_;
    int8_t *out_, *hidden_sums_, *hidden_, *input_sums_;
    weft_queue_t queue_;
};

const weft_lstm_params_t *params(const weft_op_t *op) {
    return static_cast<const weft_lstm_params_t *>(op->params);
}

uint32_t state_bytes(const weft_op_t *op) {
    return static_cast<uint32_t>(params(op)->batches * params(op)->units) * 3;
}

uint32_t scratch_bytes(const weft_op_t *op) { return static_cast<uint32_t>(params(op)->units); }

int32_t init(const weft_op_t *op) {
    const weft_lstm_params_t *p = params(op);
    const int32_t n = p->batches * p->units;
    memset(op->state, 0, static_cast<uint32_t>(2 * n));
    memset(static_cast<char *>(op->state) + 2 * n, p->hidden_zero_point, static_cast<uint32_t>(n));
    return WEFT_STATUS_OK;
}

int32_t run(const weft_op_t *op) {
    const weft_lstm_params_t *p = params(op);
    const auto *scales = reinterpret_cast<const weft_scale_t *>(p + 1);
    Lstm layer{{p, scales}, reinterpret_cast<const int32_t *>(scales + 2 * kGates + 3), {}};
    for (int32_t i = 0; i < 2 * kGates; i++)
        layer.weights[i] = static_cast<const int8_t *>(op->inputs[1 + i]->data);
    int16_t *cells = static_cast<int16_t *>(op->state);
    int8_t *hidden = reinterpret_cast<int8_t *>(cells + p->batches * p->units);
    for (int32_t b = 0; b < p->batches; b++, cells += p->units, hidden += p->units) {
        if (op->accelerator) {
            OnArray(op, layer).sequence(b, cells, hidden);
            continue;
        }
        weft_lstm_steps<int8_t>(
            op, p, b, hidden, [&](const int8_t *x, const int8_t *before, int8_t *next) {
                const auto sum = [&](int32_t g, int32_t u) { return layer.gate(g, u, x, before); };
                layer.step(sum, cells, next);
            });
    }
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("UNIDIRECTIONAL_SEQUENCE_LSTM", run, init, state_bytes, scratch_bytes)
