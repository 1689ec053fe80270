// A layer with a gate, whose products and tables are the accelerator's: y = act(x * w) * gate(x * v).
//
// Operands: x (rows, depth), w and v (depth, columns), biases of both (columns, int32, zero points of
// x folded in), tables of both (256 codes each). Options: multiplier and shift of the sums, and a
// right shift of the products of act and gate. The core multiplies the rows of one half while the
// accelerator works on the other.
#include "weft_accelerator.h"
#include "weft_fixed_point.h"

namespace {

enum Operand { kX, kW, kV, kBiasW, kBiasV, kTableW, kTableV };

struct Options {
    int32_t multiplier, shift, product_shift;
};

struct Shape {
    int32_t rows, depth, columns;
    explicit Shape(const weft_op_t *op)
        : rows(op->inputs[kX]->dims[0]),
          depth(op->inputs[kX]->dims[1]),
          columns(op->inputs[kW]->dims[1]) {}
    uint32_t bytes(int32_t some_rows) const { return static_cast<uint32_t>(some_rows * columns); }
};

template <typename T>
const T *data(const weft_op_t *op, Operand operand) {
    return static_cast<const T *>(op->inputs[operand]->data);
}

// Sums of one matrix for some rows, looked up in its table.
weft_ticket_t start(weft_queue_t *queue, const weft_op_t *op, Operand matrix, Operand bias,
                    Operand table, int32_t first, int32_t rows, int8_t *to) {
    const Shape shape(op);
    const auto *options = static_cast<const Options *>(op->params);
    const weft_matmul_t product = {data<int8_t>(op, kX) + first * shape.depth,
                                   data<int8_t>(op, matrix),
                                   to,
                                   data<int32_t>(op, bias),
                                   rows,
                                   shape.depth,
                                   shape.columns,
                                   shape.depth,
                                   shape.columns,
                                   shape.columns,
                                   options->multiplier,
                                   options->shift,
                                   0,
                                   INT8_MIN,
                                   INT8_MAX};
    const weft_ticket_t sums = weft_matmul(queue, &product, WEFT_NOW);
    return weft_lookup(queue, to, to, shape.bytes(rows), data<int8_t>(op, table), sums);
}

void multiply(const weft_op_t *op, int32_t first, int32_t rows, const int8_t *gate) {
    const Shape shape(op);
    const auto *options = static_cast<const Options *>(op->params);
    int8_t *y = static_cast<int8_t *>(op->outputs[0]->data) + shape.bytes(first);
    for (uint32_t i = 0; i < shape.bytes(rows); i++)
        y[i] = static_cast<int8_t>(
            weft_clamp((y[i] * gate[i]) >> options->product_shift, INT8_MIN, INT8_MAX));
}

uint32_t workspace(const weft_op_t *op) {
    const Shape shape(op);
    const uint32_t calls =
        weft_matmul_bytes(op, shape.depth, shape.columns) + weft_lookup_bytes(op);
    return 4 * calls + shape.bytes(shape.rows) + 8;  // spaces begin at multiples of 8 bytes
}

int32_t eval(const weft_op_t *op) {
    const Shape shape(op);
    weft_queue_t queue;
    weft_queue(&queue, op);
    auto *y = static_cast<int8_t *>(op->outputs[0]->data);
    auto *gate = static_cast<int8_t *>(weft_space(&queue, shape.bytes(shape.rows)).workspace);
    const int32_t half = shape.rows / 2, rest = shape.rows - half;
    start(&queue, op, kW, kBiasW, kTableW, 0, half, y);
    const weft_ticket_t one = start(&queue, op, kV, kBiasV, kTableV, 0, half, gate);
    start(&queue, op, kW, kBiasW, kTableW, half, rest, y + shape.bytes(half));
    const weft_ticket_t two =
        start(&queue, op, kV, kBiasV, kTableV, half, rest, gate + shape.bytes(half));
    weft_wait(&queue, one);
    multiply(op, 0, half, gate);
    weft_wait(&queue, two);
    multiply(op, half, rest, gate + shape.bytes(half));
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("GatedLayer", eval, 0, 0, 0, workspace)
