#include "config.h"

Config config;

void unpack(const uint32_t *word, const uint8_t *widths, uint32_t *fields) {
    uint32_t low = word[0], high = word[1];
    for (; *widths; widths++) {
        const uint32_t width = *widths & ~WEFT_SIGNED, above = 32 - width;
        const uint32_t field = low << above;
        *fields++ = *widths & WEFT_SIGNED ? static_cast<int32_t>(field) >> above : field >> above;
        low = above ? low >> width | high << above : high;
        high = above ? high >> width : 0;
    }
}

uint32_t n_ones(uint32_t mask) {
    uint32_t n = 0;
    for (; mask; mask &= mask - 1) n++;
    return n;
}
