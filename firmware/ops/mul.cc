// MUL of int8.
#include <utility>

#include "mul.h"
#include "quick_rescale.h"
#include "weft_op.h"

namespace {

// Planes of channels, each times one code, which is what squeeze and excitation does.
struct Planes {
    int32_t channels, n_pixels, zero_in;
    weft_quick_rescale_t rescale;

    int8_t code(int32_t in, int32_t factor) const {
        return static_cast<int8_t>(rescale((in - zero_in) * factor));
    }

    void scale_channel(const int8_t *in, int8_t *out, int32_t factor) const {
        const Planes own = *this;  // in registers, which no store can change
        for (const int8_t *end = in + own.n_pixels * own.channels; in != end;
             in += own.channels, out += own.channels)
            *out = own.code(*in, factor);
    }

    // Four channels, whose codes lie in one word: a load of the scratchpad takes four cycles, and
    // any access to external memory dozens.
    void scale_words(const int32_t *in, int8_t *out, const int32_t *factors) const {
        // The window is the upper half of the addresses (arch/memory_map.py).
        const bool is_far = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(out)) >> 31;
        if (n_pixels >= kPixelsForTables)
            is_far ? look_up<true>(in, out, factors) : look_up<false>(in, out, factors);
        else
            is_far ? multiply<true>(in, out, factors) : multiply<false>(in, out, factors);
    }

  private:
    // Tables of all codes take 256 results for each channel.
    static constexpr int32_t kPixelsForTables = 384;

    // Calls code(c, in) for four codes of each pixel.
    template <bool is_far, typename Code>
    void each_word(const int32_t *in, int8_t *out, Code code) const {
        const int32_t pitch = channels, step = channels / 4;
        for (const int32_t *end = in + n_pixels * step; in != end; in += step, out += pitch) {
            const int32_t codes = *in;
            const int8_t a = code(0, static_cast<int8_t>(codes));
            const int8_t b = code(1, static_cast<int8_t>(codes >> 8));
            const int8_t c = code(2, static_cast<int8_t>(codes >> 16));
            const int8_t d = code(3, codes >> 24);
            if (is_far) {
                const uint32_t low = static_cast<uint8_t>(a) | static_cast<uint8_t>(b) << 8;
                const uint32_t high = static_cast<uint8_t>(c) | static_cast<uint8_t>(d) << 8;
                *reinterpret_cast<uint32_t *>(out) = low | high << 16;
            } else {
                out[0] = a;
                out[1] = b;
                out[2] = c;
                out[3] = d;
            }
        }
    }

    template <bool is_far>
    void multiply(const int32_t *in, int8_t *out, const int32_t *factors) const {
        const Planes own = *this;
        const int32_t f[] = {factors[0], factors[1], factors[2], factors[3]};
        own.each_word<is_far>(in, out, [=](int32_t c, int32_t x) { return own.code(x, f[c]); });
    }

    template <bool is_far>
    void look_up(const int32_t *in, int8_t *out, const int32_t *factors) const {
        int8_t tables[4][256];
        for (int32_t c = 0; c < 4; c++)
            for (int32_t x = -128; x < 128; x++) tables[c][x & 255] = code(x, factors[c]);
        each_word<is_far>(in, out, [&](int32_t c, int32_t x) { return tables[c][x & 255]; });
    }
};

int32_t mul(const weft_op_t *op) {
    const weft_pair_params_t p = *weft_params<weft_pair_params_t>(op);
    const weft_tensor_t *a = op->inputs[0], *b = op->inputs[1], *out = op->outputs[0];
    if (a->type != WEFT_TYPE_INT8 || b->type != WEFT_TYPE_INT8 || out->type != WEFT_TYPE_INT8)
        return WEFT_STATUS_TYPE;
    weft_broadcast_t shape;
    if (!weft_broadcast(&shape, a, b, out)) return WEFT_STATUS_SHAPE;
    const bool is_plane = shape.rank == 2 && shape.row_step_a == 1 && shape.row_step_b == 1;
    if (!is_plane || !weft_quick_rescale_t::is_possible(p.shift)) return weft_mul<int8_t>(op);
    if (!shape.step_a[1]) std::swap(a, b);

    const Planes planes{
        shape.extent[0], shape.extent[1], a->zero_point,
        weft_quick_rescale_t(p.multiplier, p.shift, out->zero_point, p.low, p.high)};
    const auto *in = weft_data<int8_t>(a), *scales = weft_data<int8_t>(b);
    auto *to = weft_data<int8_t>(out);
    const int32_t channels = planes.channels;
    const auto factor_of = [=](int32_t c) { return 4 * (scales[c] - b->zero_point); };
    if ((channels | reinterpret_cast<uintptr_t>(in) | reinterpret_cast<uintptr_t>(to)) & 3) {
        for (int32_t c = 0; c < channels; c++) planes.scale_channel(in + c, to + c, factor_of(c));
        return WEFT_STATUS_OK;
    }
    for (int32_t c = 0; c < channels; c += 4) {
        const int32_t factors[] = {factor_of(c), factor_of(c + 1), factor_of(c + 2),
                                   factor_of(c + 3)};
        planes.scale_words(reinterpret_cast<const int32_t *>(in + c), to + c, factors);
    }
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("MUL", mul)
