// malloc and operator new: the end of the scratch of the operator that runs, growing downwards.
//
// The main loop forgets everything with each command. Only the block that was taken last is given
// back by free, which is what a local std::vector needs; others wait for the end of the operator.
#include <new>

#include <stdlib.h>
#include <string.h>

#include "runtime.h"

namespace {

constexpr uint32_t kAlignment = 8;  // of every block, and the bytes of the header before it

struct Header {
    uint32_t bytes;     // of the block, a multiple of kAlignment
    uint32_t reserved;  // keeps the block aligned
};

uintptr_t scratch_start() { return reinterpret_cast<uintptr_t>(weft_running.op->scratch); }

// End of the heap; 0 where there is none: before the first command, or without scratch.
uintptr_t heap_end() {
    if (!weft_running.op) return 0;
    const uintptr_t end = scratch_start() + weft_running.op->scratch_bytes;
    const uintptr_t aligned = end & ~static_cast<uintptr_t>(kAlignment - 1);
    return aligned > scratch_start() ? aligned : 0;
}

Header *header_of(void *block) { return static_cast<Header *>(block) - 1; }

void *allocate(size_t n_bytes) {
    void *block = malloc(n_bytes);
    if (!block) weft_fail(WEFT_STATUS_MEMORY);
    return block;
}

}  // namespace

extern "C" {

void *malloc(size_t n_bytes) {
    const uintptr_t end = heap_end();
    if (!end) return nullptr;
    const uint32_t available = end - scratch_start() - weft_running.heap_bytes;
    // Compared before it is rounded up, which could wrap.
    if (n_bytes > available) return nullptr;
    const uint32_t bytes = (n_bytes + kAlignment - 1) & ~(kAlignment - 1);
    if (bytes + sizeof(Header) > available) return nullptr;
    weft_running.heap_bytes += bytes + sizeof(Header);
    Header *header = reinterpret_cast<Header *>(end - weft_running.heap_bytes);
    header->bytes = bytes;
    return header + 1;
}

void free(void *block) {
    if (!block) return;
    Header *header = header_of(block);
    if (reinterpret_cast<uintptr_t>(header) == heap_end() - weft_running.heap_bytes)
        weft_running.heap_bytes -= header->bytes + sizeof(Header);
}

void *calloc(size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) return nullptr;
    void *block = malloc(count * size);
    return block ? memset(block, 0, count * size) : nullptr;
}

void *realloc(void *block, size_t n_bytes) {
    if (block && header_of(block)->bytes >= n_bytes) return block;
    void *larger = malloc(n_bytes);
    if (larger && block) memcpy(larger, block, header_of(block)->bytes);
    return larger;
}

}  // extern "C"

void *operator new(size_t n_bytes) { return allocate(n_bytes); }
void *operator new[](size_t n_bytes) { return allocate(n_bytes); }
void *operator new(size_t n_bytes, const std::nothrow_t &) noexcept { return malloc(n_bytes); }
void *operator new[](size_t n_bytes, const std::nothrow_t &) noexcept { return malloc(n_bytes); }
void operator delete(void *block) noexcept { free(block); }
void operator delete[](void *block) noexcept { free(block); }
void operator delete(void *block, size_t) noexcept { free(block); }
void operator delete[](void *block, size_t) noexcept { free(block); }
