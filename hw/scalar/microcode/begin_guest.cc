#include "guest.h"

#include <stddef.h>

#include "config.h"
#include "report.h"

#if WEFT_HAS_CORE

static_assert(offsetof(Config, core.function) == CONFIG_FUNCTION &&
                  offsetof(Config, core.argument) == CONFIG_ARGUMENT &&
                  offsetof(Config, core.boot) == CONFIG_BOOT &&
                  offsetof(Config, core.accept) == CONFIG_ACCEPT &&
                  offsetof(Config, dispatched) == CONFIG_DISPATCHED &&
                  WEFT_REG_REGION0_FLAGS_READ_MASK == 1 && WEFT_REG_REGION0_FLAGS_WRITE_MASK == 2,
              "of guest.S");

bool begin_guest() {
    if (config.core.boot) {
        config.booted = true;
        guest_trap_cycles = guest_trapped = 0;
        guest_pc = config.core.function;
    } else if (!config.booted) return refuse(WEFT_CAUSE_CONFIG);
    machine::write_control(WEFT_CONTROL_WATCH, machine::host(WEFT_REG_WATCHDOG));
    return true;
}

#endif
