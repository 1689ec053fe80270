/* memcpy, memmove, memset, memcmp: word by word, and never an access that is not aligned. */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word_t;

static inline uintptr_t address(const void *p) { return (uintptr_t)p; }

/* Copies n_words to an aligned destination from an address that is 1 to 3 bytes past alignment.
 * Reads whole aligned words, the outer ones of which reach at most 3 bytes past the source. */
static const uint8_t *copy_shifted(word_t *to, const uint8_t *from, size_t n_words) {
    const unsigned down = 8 * (address(from) & 3), up = 32 - down;
    const word_t *source = (const word_t *)(address(from) & ~(uintptr_t)3);
    uint32_t low = *source++;
    for (size_t i = 0; i < n_words; i++) {
        uint32_t high = *source++;
        *to++ = low >> down | high << up;
        low = high;
    }
    return from + 4 * n_words;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n_bytes) {
    uint8_t *d = to;
    const uint8_t *s = from;
    uint8_t *end = d + n_bytes;
    if (n_bytes >= 8) {
        while (address(d) & 3) *d++ = *s++;
        size_t n_words = (size_t)(end - d) / 4;
        if (address(s) & 3) {
            s = copy_shifted((word_t *)d, s, n_words);
            d += 4 * n_words;
        } else {
            for (; n_words >= 4; n_words -= 4, d += 16, s += 16) {
                const uint32_t a = ((const word_t *)s)[0], b = ((const word_t *)s)[1];
                const uint32_t c = ((const word_t *)s)[2], e = ((const word_t *)s)[3];
                ((word_t *)d)[0] = a;
                ((word_t *)d)[1] = b;
                ((word_t *)d)[2] = c;
                ((word_t *)d)[3] = e;
            }
            for (; n_words; n_words--, d += 4, s += 4) *(word_t *)d = *(const word_t *)s;
        }
    }
    while (d < end) *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t n_bytes) {
    /* Forward copying is right unless the destination starts inside the source. Even below it,
     * memcpy's grouped loads could read what an overlapping store changed, so it is kept apart. */
    if (address(to) - address(from) >= n_bytes && address(from) - address(to) >= n_bytes)
        return memcpy(to, from, n_bytes);
    uint8_t *d = to;
    const uint8_t *s = from;
    if (address(d) < address(s)) {
        for (; n_bytes; n_bytes--) *d++ = *s++;
    } else {
        while (n_bytes--) d[n_bytes] = s[n_bytes];
    }
    return to;
}

void *memset(void *to, int value, size_t n_bytes) {
    uint8_t *d = to, *end = d + n_bytes;
    if (n_bytes >= 8) {
        const uint32_t word = (uint32_t)(uint8_t)value * 0x01010101u;
        while (address(d) & 3) *d++ = (uint8_t)value;
        for (; end - d >= 16; d += 16) {
            ((word_t *)d)[0] = word;
            ((word_t *)d)[1] = word;
            ((word_t *)d)[2] = word;
            ((word_t *)d)[3] = word;
        }
        for (; end - d >= 4; d += 4) *(word_t *)d = word;
    }
    while (d < end) *d++ = (uint8_t)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t n_bytes) {
    const uint8_t *x = a, *y = b;
    for (; n_bytes; n_bytes--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}
