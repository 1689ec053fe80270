// Windows that may lie outside the image or wrap.
#include "config.h"
#include "pixel.h"
#include "scratchpad.h"

namespace {

inline bool lies_inside(const Pixel &pixel, const Tap &tap) {
    const int32_t x = pixel.x + tap.stream.dx + tap.shift * config.array.x_step;
    return tap.stream.enable &&
           static_cast<uint32_t>(pixel.y + tap.stream.dy) < config.array.height &&
           static_cast<uint32_t>(x) < config.array.width &&
           static_cast<uint32_t>(pixel.slot + tap.shift) < config.array.run;
}

}  // namespace

bool is_inside(const Pixel &pixel, const Tap &tap) { return lies_inside(pixel, tap); }

uint32_t window_of(const Pixel &pixel, const Tap &tap, uint32_t cb, bool inside) {
    if (!inside && !lies_inside(pixel, tap)) return plan.pad;
    return window_at(pixel.address + tap.stream.offset + cb * config.array.cb_step);
}
