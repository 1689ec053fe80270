#include "fetch.h"

#include "report.h"

bool Fetch::take(uint32_t *word) {
    if (checked_ == 0) {
        const uint32_t to_end = WEFT_FETCH_BYTES - offset_ % WEFT_FETCH_BYTES;
        const bool is_last = words_left_ < to_end / WEFT_WORD_BYTES;
        checked_ = is_last ? words_left_ * WEFT_WORD_BYTES : to_end;
        if (!check_region(region_, offset_, checked_, WEFT_REG_REGION0_FLAGS_READ_MASK))
            return false;
    }
    machine::set_bus_address(region_base(region_) + offset_);
    for (uint32_t i = 0; i < WEFT_WORD_BYTES / 4; i++) {
        word[i] = machine::bus_read_next();
        if (machine::bus_failed()) return fail(WEFT_CAUSE_BUS, offset_, region_);
        offset_ += 4;
        checked_ -= 4;
    }
    count(WEFT_REG_COUNTER_BEATS_READ, WEFT_WORD_BYTES / 4);
    words_left_--;
    return true;
}
