// BATCH_MATMUL of int8, int16 and float32;
// tensorflow/lite/kernels/internal/reference/batch_matmul.h.
#include "weft_fixed_point.h"
#include "weft_op.h"

namespace {

constexpr int32_t kBatchRank = 3;

template <typename T>
constexpr bool kIsFloat = false;
template <>
constexpr bool kIsFloat<float> = true;

template <typename T, typename Sum>
struct Matmul {
    const weft_batch_matmul_params_t *p;
    int32_t a_zero, b_zero, out_zero;
    T *to;

    static Sum value(T code, int32_t zero_point) {
        if constexpr (kIsFloat<T>) return code;
        return static_cast<Sum>(code) - static_cast<Sum>(zero_point);
    }

    Sum product(const T *a, const T *b) const {
        Sum sum = 0;
        for (int32_t k = p->depth; k > 0; k--, a += p->a_depth_step, b += p->b_depth_step)
            sum += value(*a, a_zero) * value(*b, b_zero);
        return sum;
    }

    T code(int32_t sum) const {
        const int32_t scaled = weft_mbqm(sum, p->multiplier, p->shift);
        return static_cast<T>(weft_clamp(scaled + out_zero, -128, 127));
    }
    T code(int64_t sum) const {
        const int32_t scaled = weft_mbqm_64(sum, p->multiplier, p->shift);
        return static_cast<T>(weft_clamp(scaled + out_zero, INT16_MIN, INT16_MAX));
    }

    float code(float sum) const { return sum; }

    void matrix(const T *a, const T *b) {
        for (int32_t i = 0; i < p->rows; i++, a += p->a_row_step)
            for (int32_t j = 0; j < p->columns; j++)
                *to++ = code(product(a, b + j * p->b_column_step));
    }

    void batches(const T *a, const T *b, int32_t level) {
        if (level == kBatchRank) return matrix(a, b);
        for (int32_t i = 0; i < p->batches[level]; i++)
            batches(a + i * p->a_batch_steps[level], b + i * p->b_batch_steps[level], level + 1);
    }
};

template <typename T, typename Sum>
int32_t run(const weft_op_t *op) {
    const weft_tensor_t *a = op->inputs[0], *b = op->inputs[1], *out = op->outputs[0];
    Matmul<T, Sum> matmul{static_cast<const weft_batch_matmul_params_t *>(op->params),
                          a->zero_point, b->zero_point, out->zero_point,
                          static_cast<T *>(out->data)};
    matmul.batches(static_cast<const T *>(a->data), static_cast<const T *>(b->data), 0);
    return WEFT_STATUS_OK;
}

int32_t batch_matmul(const weft_op_t *op) {
    switch (op->outputs[0]->type) {
        case WEFT_TYPE_INT8: return run<int8_t, int32_t>(op);
        case WEFT_TYPE_INT16: return run<int16_t, int64_t>(op);
        case WEFT_TYPE_FLOAT32: return run<float, float>(op);
        default: return WEFT_STATUS_TYPE;
    }
}

}  // namespace

WEFT_OP("BATCH_MATMUL", batch_matmul)
