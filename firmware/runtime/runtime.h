/* What the files of the core's runtime share. */
#ifndef WEFT_RUNTIME_H
#define WEFT_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#include "weft_config.h"
#include "weft_op.h"

/* The operator that runs, set by the main loop (entry.S), and how much of the end of its scratch
 * the heap has handed out. */
typedef struct {
    const weft_op_t *op;
    uint32_t heap_bytes;
} weft_running_t;

/* State of a model, and what is run once before it is used; firmware/descriptors.py lays these out.
 */
typedef struct {
    uint32_t digest[2];
    void *state;
    uint32_t state_bytes;
} weft_model_t;

typedef struct {
    weft_function_t init;
    const weft_op_t *op;
} weft_prepare_t;

#ifdef __cplusplus
extern "C"
#else
extern
#endif
weft_running_t weft_running;

static inline volatile uint32_t *weft_mmio(uint32_t offset) {
    return (volatile uint32_t *)(uintptr_t)(WEFT_MMIO_BASE + offset);
}

#endif /* WEFT_RUNTIME_H */
