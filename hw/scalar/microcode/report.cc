#include "report.h"

using machine::host;

namespace {

constexpr uint32_t REGION_STRIDE = WEFT_REG_REGION1_BASE - WEFT_REG_REGION0_BASE;

}  // namespace

bool fail(uint32_t cause, uint32_t address, uint32_t info) {
    host(WEFT_REG_ERROR_CAUSE) = cause;
    host(WEFT_REG_ERROR_ADDRESS) = address;
    host(WEFT_REG_ERROR_INFO) = info;
    return false;
}

bool refuse(uint32_t cause) { return fail(cause, 0); }

void name_source(uint32_t engine, uint32_t n_commands) {
    host(WEFT_REG_ERROR_SOURCE) = (n_commands & WEFT_REG_ERROR_SOURCE_COMMAND_MASK) |
                                  engine << WEFT_REG_ERROR_SOURCE_ENGINE_SHIFT;
}

void clear(volatile uint32_t *words, uint32_t n_bytes) {
    for (; n_bytes; n_bytes -= 4) *words++ = 0;
}

#if !WEFT_HAS_CORE
[[gnu::always_inline]] static inline  // it has one user
#endif
bool region_allows(uint32_t region, uint32_t offset, uint32_t n_bytes, uint32_t permission) {
    if (region >= WEFT_N_REGIONS) return false;
    const uint32_t of = region * REGION_STRIDE, size = host(WEFT_REG_REGION0_SIZE + of);
    const uint32_t flags = host(WEFT_REG_REGION0_FLAGS + of);
    return (flags & permission) && n_bytes <= size && offset <= size - n_bytes;
}

bool check_region(uint32_t region, uint32_t offset, uint32_t n_bytes, uint32_t permission) {
    return region_allows(region, offset, n_bytes, permission) ||
           fail(WEFT_CAUSE_REGION, offset, region);
}

uint32_t region_base(uint32_t region) {
    return host(WEFT_REG_REGION0_BASE + region * REGION_STRIDE);
}
