/* The DMA and the array for operators on the core: they work while the operator goes on.
 *
 *     static uint32_t workspace(const weft_op_t *op) { return weft_lookup_bytes(op); }
 *
 *     static int32_t eval(const weft_op_t *op) {
 *         weft_queue_t queue;
 *         weft_queue(&queue, op);
 *         weft_ticket_t looked_up = weft_lookup(&queue, to, from, n, table, WEFT_NOW);
 *         ...
 *         weft_wait(&queue, looked_up);
 *         return WEFT_STATUS_OK;
 *     }
 *     WEFT_OP("MyOp", eval, 0, 0, 0, workspace)
 *
 * An operator may use the accelerator if it asks for a workspace: memory of the scratchpad, and as
 * much external memory, the arena. Every call takes some of both until weft_queue is called again,
 * and none of what it works on may change before it is done. Data are tensors, or lie in the
 * workspace or the arena. The operator ends when all that it has started is done.
 *
 * In the operator's host build, as in the functional model, what is started is done at once. Where
 * there is no accelerator (op->accelerator is null), plain C++ does the same.
 */
#ifndef WEFT_ACCELERATOR_H
#define WEFT_ACCELERATOR_H

#include "weft_op.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Something that was started: it is done, for other calls and for weft_wait, some time later. */
typedef uint32_t weft_ticket_t;
#define WEFT_NOW 0

/* What an operator has started. */
typedef struct {
    const weft_accelerator_t *accelerator;
    uint32_t used;     /* bytes of the workspace */
    uint32_t given[4]; /* commands of each engine */
    uint32_t loaded;   /* products whose weights are in their places */
} weft_queue_t;

/* A product of matrices of int8 in the scratchpad; steps are bytes from row to row.
 *
 * out[i][j] = clamp(scale * (bias[j] + sum(a[i][k] * b[k][j])) + zero_point): codes are multiplied
 * as they are, so their zero points belong into the bias. */
typedef struct {
    const int8_t *a, *b;
    int8_t *out;
    const int32_t *bias; /* for each column; null for none */
    int32_t rows, depth, columns;
    int32_t a_step, b_step, out_step;
    int32_t multiplier, shift; /* as weft_mbqm takes them */
    int32_t zero_point, low, high;
} weft_matmul_t;

/* As many bytes of scratchpad as of external memory, both aligned to 8 bytes. */
typedef struct {
    void *workspace, *arena;
} weft_space_t;

/* Begins, with the whole workspace free. */
void weft_queue(weft_queue_t *queue, const weft_op_t *op);

/* Takes memory for the operator's own use. */
weft_space_t weft_space(weft_queue_t *queue, uint32_t bytes);

/* Each of these starts when `after` is done, and does not wait. What cannot be done ends the
 * operator: WEFT_STATUS_SCRATCH for lack of workspace, WEFT_STATUS_PARAMS for data elsewhere. */

/* Copies between scratchpad and external memory, or within the scratchpad. */
weft_ticket_t weft_copy(weft_queue_t *queue, void *to, const void *from, uint32_t bytes,
                        weft_ticket_t after);

/* to[i] = table[from[i] + 128], in the scratchpad; the table is read at once. */
weft_ticket_t weft_lookup(weft_queue_t *queue, int8_t *to, const int8_t *from, uint32_t n,
                          const int8_t *table, weft_ticket_t after);

weft_ticket_t weft_matmul(weft_queue_t *queue, const weft_matmul_t *product, weft_ticket_t after);

/* Rows of int8 in the scratchpad times the constant weights of a group of op->accelerator's
 * products. Without `high` the results are codes in `low`, else int16 whose low bytes are in `low`
 * and whose high ones in `high`; `out_step` is from row to row of either. Their weights are loaded
 * when they are first needed, or each time where there is no room for all. */
typedef struct {
    const int8_t *in;
    int8_t *low, *high;
    int32_t rows, in_step, out_step;
} weft_rows_t;

/* Result i of 16 bits. */
static inline int32_t weft_int16(const int8_t *low, const int8_t *high, int32_t i) {
    return high[i] * 256 + (uint8_t)low[i];
}

weft_ticket_t weft_multiply(weft_queue_t *queue, int32_t group, const weft_rows_t *rows,
                            weft_ticket_t after);

/* Whether something is done; waits until it is. */
int32_t weft_is_done(const weft_queue_t *queue, weft_ticket_t ticket);
void weft_wait(const weft_queue_t *queue, weft_ticket_t ticket);

/* Bytes of the workspace that a call takes. */
uint32_t weft_lookup_bytes(const weft_op_t *op);
uint32_t weft_matmul_bytes(const weft_op_t *op, int32_t depth, int32_t columns);

#ifdef __cplusplus
}
#endif

#endif /* WEFT_ACCELERATOR_H */
