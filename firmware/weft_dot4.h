/* Dot products of four packed bytes: one instruction where the core has dot4, else plain C.
 *
 * A word holds four values, the first in its lowest byte, as a load of four consecutive int8 gives
 * them. The result takes three cycles, so let other work stand between it and its use.
 */
#ifndef WEFT_DOT4_H
#define WEFT_DOT4_H

#include <stdint.h>

static inline int32_t weft_byte_signed(uint32_t word, int i) {
    return (int8_t)(word >> (8 * i));
}

/* sum + a[0] * b[0] + ... + a[3] * b[3], all signed. */
static inline int32_t weft_dot4(int32_t sum, uint32_t a, uint32_t b) {
    int32_t products = 0;
#ifdef WEFT_HAS_DOT4
    __asm__(".insn r 0x0b, 0, 0, %0, %1, %2" : "=r"(products) : "r"(a), "r"(b));
#else
    for (int i = 0; i < 4; i++) products += weft_byte_signed(a, i) * weft_byte_signed(b, i);
#endif
    return sum + products;
}

/* The same with unsigned bytes in a. */
static inline int32_t weft_dot4_unsigned(int32_t sum, uint32_t a, uint32_t b) {
    int32_t products = 0;
#ifdef WEFT_HAS_DOT4
    __asm__(".insn r 0x0b, 1, 0, %0, %1, %2" : "=r"(products) : "r"(a), "r"(b));
#else
    for (int i = 0; i < 4; i++) {
        products += (int32_t)(uint8_t)(a >> (8 * i)) * weft_byte_signed(b, i);
    }
#endif
    return sum + products;
}

#endif
