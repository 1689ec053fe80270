// The steps of one sequence, for UNIDIRECTIONAL_SEQUENCE_LSTM of any type.
#ifndef WEFT_OPS_LSTM_WALK_H
#define WEFT_OPS_LSTM_WALK_H

#include <string.h>

#include "weft_op.h"

// Calls step(x, hidden, next) for each step of a batch; `next` becomes output and hidden. Scratch has
// room for `next`.
template <typename T, typename Params, typename Step>
inline void weft_lstm_steps(const weft_op_t *op, const Params *p, int32_t batch, T *hidden,
                            Step step) {
    const T *in = static_cast<const T *>(op->inputs[0]->data);
    T *out = static_cast<T *>(op->outputs[0]->data), *next = static_cast<T *>(op->scratch);
    const uint32_t bytes = static_cast<uint32_t>(p->units) * sizeof(T);
    for (int32_t t = 0; t < p->steps; t++) {
        const int32_t row = batch * p->batch_rows + t * p->step_rows;
        step(in + row * p->inputs, hidden, next);
        memcpy(hidden, next, bytes);
        memcpy(out + row * p->units, next, bytes);
    }
}

#endif  // WEFT_OPS_LSTM_WALK_H
