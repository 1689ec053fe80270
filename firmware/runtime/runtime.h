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
