// Reads the words of a program from its region.
#ifndef WEFT_FETCH_H
#define WEFT_FETCH_H

#include "machine.h"

class Fetch {
   public:
    // At the program that the host's registers name.
    void begin() {
        region_ = machine::host(WEFT_REG_PROGRAM_REGION);
        offset_ = machine::host(WEFT_REG_PROGRAM_OFFSET);
        words_left_ = machine::host(WEFT_REG_PROGRAM_BYTES) / WEFT_WORD_BYTES;
        checked_ = 0;
    }

    // 64-bit words that have not been taken.
    uint32_t words_left() const { return words_left_; }

    // Takes a word; false where memory fails, with the error noted.
    bool take(uint32_t *word);

   private:
    uint32_t region_, offset_, words_left_;
    uint32_t checked_;  // bytes from offset_ on that the region is known to allow
};

#endif  // WEFT_FETCH_H
