// What UNIDIRECTIONAL_SEQUENCE_LSTM of int8 and int16 share: from sums in front of the gates to cells
// and hidden codes; tensorflow/lite/micro/kernels/lstm_eval.cc.
#ifndef WEFT_OPS_LSTM_H
#define WEFT_OPS_LSTM_H

#include "sigmoid.h"
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace lstm {

constexpr int32_t kGates = 4;  // input, forget, cell, output
enum Gate { kInput, kForget, kCell, kOutput };

inline int32_t saturated(int32_t x) { return weft_clamp(x, INT16_MIN, INT16_MAX); }

inline int32_t scaled(int32_t x, const weft_scale_t &scale) {
    return saturated(weft_mbqm(x, scale.multiplier, scale.shift));
}

struct Cells {
    const weft_lstm_params_t *p;
    const weft_scale_t *scales;  // of inputs, then of hidden codes, for each gate; of products

    int32_t next_cell(int32_t forget, int32_t cell, int32_t input, int32_t candidate) const {
        const int32_t sum = scaled(forget * cell, scales[2 * kGates]) +
                            scaled(input * candidate, scales[2 * kGates + 1]);
        return weft_clamp(saturated(sum), -p->cell_clip - p->cell_has_no_clip, p->cell_clip);
    }

    int32_t cell_tanh(int32_t cell) const {
        const int32_t half = p->tanh_shift > 0 ? 1 << (p->tanh_shift - 1) : 0;
        return weft_tanh((cell * p->tanh_multiplier + half) >> p->tanh_shift);
    }

    // One step of one batch: `next` gets the new hidden codes. sum(gate, unit) is Q3.12.
    template <typename Code, typename Sum>
    void step(const Sum &sum, int16_t *cells, Code *next) const {
        constexpr int32_t kHighest = (1 << (8 * sizeof(Code) - 1)) - 1;
        for (int32_t u = 0; u < p->units; u++) {
            const int32_t forget = weft_logistic(3 * sum(kForget, u));
            const int32_t input = weft_logistic(3 * sum(kInput, u));
            const int32_t candidate = weft_tanh(3 * sum(kCell, u));
            const int32_t output = weft_logistic(3 * sum(kOutput, u));
            cells[u] = static_cast<int16_t>(next_cell(forget, cells[u], input, candidate));
            const weft_scale_t scale = scales[2 * kGates + 2];
            const int32_t code =
                weft_mbqm(output * cell_tanh(cells[u]), scale.multiplier, scale.shift);
            next[u] = static_cast<Code>(
                weft_clamp(code + p->hidden_zero_point, -kHighest - 1, kHighest));
        }
    }
};

}  // namespace lstm

#endif  // WEFT_OPS_LSTM_H
