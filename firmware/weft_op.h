/* The operator interface: everything that an operator on the core needs to include.
 *
 *     #include "weft_op.h"
 *
 *     static int32_t twice(const weft_op_t *op) {
 *         const weft_tensor_t *in = op->inputs[0];
 *         ...
 *         return WEFT_STATUS_OK;
 *     }
 *     WEFT_OP("Twice", twice)
 *
 * The same file is compiled for the core (RV32IM, soft float) and for the host. Tensors are dense
 * and are used where they lie; accesses must be aligned to their size, which the data of a tensor
 * are to the size of its elements, and no more.
 */
#ifndef WEFT_OP_H
#define WEFT_OP_H

#include "weft_abi.h"

#ifdef __cplusplus
extern "C" {
#define WEFT_STATIC_ASSERT static_assert
#else
#define WEFT_STATIC_ASSERT _Static_assert
#endif

/* Runs an operator, or prepares its state once before the first run. 0, or an error that stops the
 * inference and is reported: WEFT_STATUS_..., or a value of one's own from 256 upwards. */
typedef int32_t (*weft_function_t)(const weft_op_t *op);

/* Asked on the host while a model is compiled, with data, params and shapes but no activations:
 * bytes of state, of scratch (what operator new will take included), or of workspace. */
typedef uint32_t (*weft_query_t)(const weft_op_t *op);

/* One registered operator. The names are at fixed places so that tools read them from the file. */
typedef struct {
    char name[WEFT_NAME_BYTES];
    weft_function_t eval;
    weft_function_t init;
} weft_registration_t;

typedef struct {
    const weft_registration_t *registration;
    weft_query_t state_bytes;
    weft_query_t scratch_bytes;
    weft_query_t workspace_bytes;
} weft_queries_t;

/* Elements of a tensor. */
static inline int32_t weft_elements(const weft_tensor_t *tensor) {
    int32_t n = 1;
    for (int32_t i = 0; i < tensor->rank; i++) n *= tensor->dims[i];
    return n;
}

/* Appends text to the host's log. */
void weft_log(const char *text);

/* Ends the operator from anywhere with a status other than 0; does not return. */
#ifdef __GNUC__
__attribute__((noreturn))
#endif
void weft_fail(int32_t status);

#ifdef __cplusplus
}
#endif

/* WEFT_OP(name, eval[, init[, state_bytes[, scratch_bytes[, workspace_bytes]]]]) at file scope
 * registers an operator under the name that the model calls it by; 0 stands for a function that
 * there is none of. With the last one it may use the accelerator: see weft_accelerator.h. */
#define WEFT_OP(...)                                                                        \
    WEFT_OP_CHOOSE_(__VA_ARGS__, WEFT_OP_6_, WEFT_OP_5_, WEFT_OP_4_, WEFT_OP_3_, WEFT_OP_2_, 0) \
    (__VA_ARGS__)
#define WEFT_OP_CHOOSE_(a, b, c, d, e, f, chosen, ...) chosen
#define WEFT_OP_2_(name, eval) WEFT_OP_6_(name, eval, 0, 0, 0, 0)
#define WEFT_OP_3_(name, eval, init) WEFT_OP_6_(name, eval, init, 0, 0, 0)
#define WEFT_OP_4_(name, eval, init, state) WEFT_OP_6_(name, eval, init, state, 0, 0)
#define WEFT_OP_5_(name, eval, init, state, scratch) WEFT_OP_6_(name, eval, init, state, scratch, 0)
#define WEFT_OP_6_(name, eval, init, state, scratch, workspace) \
    WEFT_OP_NUMBERED_(name, eval, init, state, scratch, workspace, __COUNTER__)
#define WEFT_OP_NUMBERED_(name, eval, init, state, scratch, workspace, n) \
    WEFT_OP_DEFINE_(name, eval, init, state, scratch, workspace, n)
/* The core's linker map keeps weft_ops outside the memories and drops weft_queries. */
#define WEFT_OP_DEFINE_(name, eval, init, state, scratch, workspace, n)                     \
    WEFT_STATIC_ASSERT(sizeof(name) <= WEFT_NAME_BYTES, "the operator's name is too long"); \
    __attribute__((used, section("weft_ops"), aligned(8)))                                  \
    static const weft_registration_t weft_registration_##n##_ = {name, eval, init};         \
    __attribute__((used, section("weft_queries"), aligned(8)))                              \
    static const weft_queries_t weft_queries_##n##_ = {&weft_registration_##n##_, state,    \
                                                       scratch, workspace};

#endif /* WEFT_OP_H */
