// What the standard library and the compiler expect of a system, on a core without one.
#include <stdarg.h>

#include "runtime.h"

extern "C" {

void weft_fail(int32_t status) {
    *weft_mmio(WEFT_MMIO_DONE) = static_cast<uint32_t>(status ? status : WEFT_STATUS_ERROR);
    for (;;) {
    }
}

void weft_log(const char *text) {
    for (; *text; text++) *weft_mmio(WEFT_MMIO_LOG) = static_cast<uint8_t>(*text);
}

[[noreturn]] void abort() { weft_fail(WEFT_STATUS_ABORT); }
[[noreturn]] void exit(int) { weft_fail(WEFT_STATUS_ABORT); }
[[noreturn]] void __cxa_pure_virtual() { weft_fail(WEFT_STATUS_ABORT); }
[[noreturn]] void __assert_fail(const char *, const char *, int, const char *) {
    weft_fail(WEFT_STATUS_ABORT);
}

// Nothing is ever torn down.
int __cxa_atexit(void (*)(void *), void *, void *) { return 0; }
void *__dso_handle = nullptr;

int *__errno_location() {
    static int error_number;
    return &error_number;
}

}  // extern "C"

namespace std {
inline namespace __1 {
[[noreturn]] __attribute__((format(printf, 1, 2))) void __libcpp_verbose_abort(
    const char *text, ...) noexcept {
    weft_log(text);
    weft_log("\n");
    abort();
}
}  // namespace __1

// What libstdc++'s headers call instead of throwing.
namespace {
[[noreturn]] void failed(const char *text) {
    weft_log(text);
    weft_log("\n");
    abort();
}
}  // namespace
[[noreturn]] void __throw_bad_alloc() { weft_fail(WEFT_STATUS_MEMORY); }
[[noreturn]] void __throw_bad_array_new_length() { weft_fail(WEFT_STATUS_MEMORY); }
[[noreturn]] void __throw_bad_function_call() { failed("bad_function_call"); }
[[noreturn]] void __throw_length_error(const char *text) { failed(text); }
[[noreturn]] void __throw_logic_error(const char *text) { failed(text); }
[[noreturn]] void __throw_invalid_argument(const char *text) { failed(text); }
[[noreturn]] void __throw_out_of_range(const char *text) { failed(text); }
[[noreturn]] __attribute__((format(printf, 1, 2))) void __throw_out_of_range_fmt(const char *text,
                                                                              ...) {
    failed(text);
}
}  // namespace std
