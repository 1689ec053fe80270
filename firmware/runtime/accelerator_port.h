/* The core's way to the command stream; on the host, to whoever plays the accelerator. */
#ifndef WEFT_ACCELERATOR_PORT_H
#define WEFT_ACCELERATOR_PORT_H

#include <stdint.h>

#ifdef WEFT_HOST

/* What firmware/host.py provides; addresses are those that the core sees. `give` returns a status
 * other than 0 where the program stops. */
typedef struct {
    int32_t (*give)(uint64_t word);
    uint32_t (*counts)(uint32_t engine);
    uint32_t (*address)(const void *data);
    uint32_t scratchpad, scratchpad_bytes, window, window_bytes;
} weft_host_port_t;

#ifdef __cplusplus
extern "C"
#else
extern
#endif
const weft_host_port_t *weft_host_port;

#define WEFT_PORT_SCRATCHPAD weft_host_port->scratchpad
#define WEFT_PORT_SCRATCHPAD_END (weft_host_port->scratchpad + weft_host_port->scratchpad_bytes)
#define WEFT_PORT_WINDOW weft_host_port->window
#define WEFT_PORT_WINDOW_BYTES weft_host_port->window_bytes

static inline void weft_port_give(uint64_t word) {
    const int32_t status = weft_host_port->give(word);
    if (status) weft_fail(status);
}
static inline uint32_t weft_port_counts(uint32_t engine) { return weft_host_port->counts(engine); }
static inline uint32_t weft_port_address(const void *data) { return weft_host_port->address(data); }

#else

#include "runtime.h"

#define WEFT_PORT_SCRATCHPAD WEFT_SCRATCHPAD_BASE
#define WEFT_PORT_SCRATCHPAD_END (WEFT_SCRATCHPAD_BASE + WEFT_SCRATCHPAD_BYTES)
#define WEFT_PORT_WINDOW WEFT_WINDOW_BASE
#define WEFT_PORT_WINDOW_BYTES WEFT_WINDOW_BYTES

/* The engines read what was written before, and the operator reads what they have written. */
static inline void weft_port_barrier(void) { __asm__ volatile("" ::: "memory"); }

static inline void weft_port_give(uint64_t word) {
    weft_port_barrier();
    *weft_mmio(WEFT_MMIO_WORD_LOW) = (uint32_t)word;
    *weft_mmio(WEFT_MMIO_WORD) = (uint32_t)(word >> 32);
}

/* Commands of an engine: completed, and given << 16. */
static inline uint32_t weft_port_counts(uint32_t engine) {
    static const uint8_t offsets[] = {WEFT_MMIO_LOAD_COUNTS, WEFT_MMIO_ARRAY_COUNTS, 0,
                                      WEFT_MMIO_STORE_COUNTS};
    const uint32_t counts = *weft_mmio(offsets[engine]);
    weft_port_barrier();
    return counts;
}

static inline uint32_t weft_port_address(const void *data) { return (uint32_t)(uintptr_t)data; }

#endif

#endif /* WEFT_ACCELERATOR_PORT_H */
