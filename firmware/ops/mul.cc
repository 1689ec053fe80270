// MUL of int8.
#include <initializer_list>
#include <utility>

#include "mul.h"
#include "quick_rescale.h"
#include "weft_op.h"

namespace {

// Planes of channels, each times one code, which is what squeeze and excitation does.
struct Planes {
    int32_t channels, n_pixels, zero_in;
    weft_quick_rescale_t rescale;

    template <bool is_clamped>
    int8_t code(int32_t in, int32_t factor) const {
        const int32_t product = (in - zero_in) * factor;
        return static_cast<int8_t>(is_clamped ? rescale(product) : rescale.unclamped(product));
    }

    void scale_channel(const int8_t *in, int8_t *out, int32_t factor) const {
        const Planes own = *this;  // in registers, which no store can change
        for (const int8_t *end = in + own.n_pixels * own.channels; in != end;
             in += own.channels, out += own.channels)
            *out = own.code<true>(*in, factor);
    }

    // Four channels, whose codes lie in one word: a load of the scratchpad takes four cycles.
    void scale_words(const int32_t *in, int8_t *out, const int32_t *factors) const {
        if (n_pixels >= kPixelsForTables) return look_up_words(in, out, factors);
        bool is_inside = true;
        for (int32_t c = 0; c < 4; c++)
            for (int32_t code : {-128, 127}) {
                const int32_t product = (code - zero_in) * factors[c];
                is_inside &= rescale(product) == rescale.unclamped(product);
            }
        if (is_inside)
            multiply_words<false>(in, out, factors);
        else
            multiply_words<true>(in, out, factors);
    }

  private:
    // Tables of all codes take 256 results for each channel.
    static constexpr int32_t kPixelsForTables = 384;

    template <bool is_clamped>
    void multiply_words(const int32_t *in, int8_t *out, const int32_t *factors) const {
        const Planes own = *this;
        const int32_t f0 = factors[0], f1 = factors[1], f2 = factors[2], f3 = factors[3];
        const int32_t step = own.channels / 4;
        for (const int32_t *end = in + own.n_pixels * step; in != end;
             in += step, out += own.channels) {
            const int32_t codes = *in;
            out[0] = own.code<is_clamped>(static_cast<int8_t>(codes), f0);
            out[1] = own.code<is_clamped>(static_cast<int8_t>(codes >> 8), f1);
            out[2] = own.code<is_clamped>(static_cast<int8_t>(codes >> 16), f2);
            out[3] = own.code<is_clamped>(codes >> 24, f3);
        }
    }

    void look_up_words(const int32_t *in, int8_t *out, const int32_t *factors) const {
        int8_t tables[4][256];
        const Planes own = *this;
        for (int32_t c = 0; c < 4; c++)
            for (int32_t i = -128; i < 128; i++)
                tables[c][i & 255] = own.code<true>(i, factors[c]);
        const int32_t step = own.channels / 4;
        for (const int32_t *end = in + own.n_pixels * step; in != end;
             in += step, out += own.channels) {
            const uint32_t codes = *in;
            out[0] = tables[0][codes & 255];
            out[1] = tables[1][codes >> 8 & 255];
            out[2] = tables[2][codes >> 16 & 255];
            out[3] = tables[3][codes >> 24];
        }
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
    if ((channels | reinterpret_cast<uintptr_t>(in)) & 3) {
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
