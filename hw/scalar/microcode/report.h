// What the host is told of a program: its error and its counters.
#ifndef WEFT_REPORT_H
#define WEFT_REPORT_H

#include "machine.h"

// Notes an error, of which `engine` and command are told by name_source; returns false.
bool fail(uint32_t cause, uint32_t address, uint32_t info = 0);
bool refuse(uint32_t cause);

void name_source(uint32_t engine, uint32_t n_commands);

// Zeros words, such as registers of the host from one on.
void clear(volatile uint32_t *words, uint32_t n_bytes);

inline void count(uint32_t counter, uint32_t n) {
    machine::host(counter) = machine::host(counter) + n;
}

extern "C" uint32_t region_base(uint32_t region);

#if WEFT_HAS_CORE
extern "C" bool region_allows(uint32_t region, uint32_t offset, uint32_t n_bytes,
                              uint32_t permission);
#endif

// Whether a region may be used so (WEFT_REG_REGION0_FLAGS_..._MASK); notes the error if not.
bool check_region(uint32_t region, uint32_t offset, uint32_t n_bytes, uint32_t permission);

#endif  // WEFT_REPORT_H
