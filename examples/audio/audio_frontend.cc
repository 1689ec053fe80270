// AudioFrontend: 20 ms of 16 kHz samples to the int8 features of the last second, for a keyword
// network.
//
// Each call takes 320 samples and makes one row of features from the last 480; the output holds the
// last rows, the newest at the bottom. A row is made as TensorFlow Lite Micro's signal operators
// make one, in the same integers: SignalWindow, SignalFftAutoScale, SignalRfft (int16),
// SignalEnergy, SignalFilterBank, SignalFilterBankSquareRoot, SignalFilterBankSpectralSubtraction,
// SignalPCAN, SignalFilterBankLog; then 6 bits are dropped and 128 subtracted.
//
// Operands, int16 but for the last:
//   0  samples [1, step]                  1  window [size], 12 fractional bits
//   2  twiddles [256, 2]: real and imaginary part of exp(-2 pi i k / 256), 15 fractional bits
//   3  split [128, 2]: likewise exp(-pi i ((k + 1) / 256 + 1/2)), for real input
//   4  weights, 5 unweights: of each bin in its channel, and in the one above; 12 fractional bits
//   6  first bin, 7 first weight, 8 number of bins: [channels + 1]; a channel more than there are
//   9  gains [125]: of noise estimates, for PCAN; three numbers for each power of two
//  10  logarithms [130], uint16: log2(1 + i / 128) - i / 128, 16 fractional bits
// Output: int8 [1, rows, channels, 1].
#include <string.h>

#include "weft_op.h"

namespace {

constexpr int32_t kPoints = 256;  // of the complex transform, which is half of the real one
constexpr int32_t kBins = kPoints + 1;
constexpr int32_t kMaxChannels = 64;
constexpr int32_t kGains = 125, kLogarithms = 130;

constexpr int32_t kWindowBits = 12;
constexpr int32_t kNoiseBits = 14, kNoiseExtraBits = 10;
constexpr uint32_t kSmoothing[2] = {410, 983};  // 0.025 and 0.06 of 2^14, even and odd channels
constexpr uint32_t kLeast = 819;                // 0.05: what is left of a signal at least
constexpr int32_t kSnrShift = 6, kSnrBits = 12, kGainedBits = 6;
constexpr int32_t kCorrectionBits = 3;
constexpr uint32_t kLogScale = 1600;
constexpr int32_t kDroppedBits = 6;

struct Complex {
    int16_t re, im;
};

struct Operands {
    const int16_t *samples, *window;
    const Complex *twiddles, *split;
    const int16_t *weights, *unweights, *first_bin, *first_weight, *n_bins, *gains;
    const uint16_t *logarithms;
    int32_t step, size, channels, rows;

    explicit Operands(const weft_op_t *op) {
        const auto data = [op](int32_t i) {
            return static_cast<const int16_t *>(op->inputs[i]->data);
        };
        samples = data(0), window = data(1);
        twiddles = static_cast<const Complex *>(op->inputs[2]->data);
        split = static_cast<const Complex *>(op->inputs[3]->data);
        weights = data(4), unweights = data(5);
        first_bin = data(6), first_weight = data(7), n_bins = data(8), gains = data(9);
        logarithms = static_cast<const uint16_t *>(op->inputs[10]->data);
        step = weft_elements(op->inputs[0]);
        size = weft_elements(op->inputs[1]);
        channels = weft_elements(op->inputs[6]) - 1;
        rows = channels > 0 ? weft_elements(op->outputs[0]) / channels : 0;
    }
    int32_t overlap() const { return size - step; }
};

// Kept from call to call.
struct State {
    uint32_t *noise;    // [channels]
    int16_t *samples;   // [overlap]
    int8_t *features;   // [rows, channels]

    State(const weft_op_t *op, const Operands &o)
        : noise(static_cast<uint32_t *>(op->state)),
          samples(reinterpret_cast<int16_t *>(noise + o.channels)),
          features(reinterpret_cast<int8_t *>(samples + o.overlap())) {}
};

int32_t check(const weft_op_t *op) {
    if (op->n_inputs != 11 || op->n_outputs != 1) return WEFT_STATUS_SHAPE;
    for (int32_t i = 0; i < 11; i++) {
        const int32_t type = i == 10 ? WEFT_TYPE_UINT16 : WEFT_TYPE_INT16;
        if (op->inputs[i]->type != type) return WEFT_STATUS_TYPE;
    }
    if (op->outputs[0]->type != WEFT_TYPE_INT8) return WEFT_STATUS_TYPE;
    const Operands o(op);
    const auto n = [op](int32_t i) { return weft_elements(op->inputs[i]); };
    if (o.size > 2 * kPoints || o.size % 2 || o.step > o.size || o.step < 1)
        return WEFT_STATUS_SHAPE;
    if (n(2) != 2 * kPoints || n(3) != kPoints || n(4) != n(5)) return WEFT_STATUS_SHAPE;
    if (n(7) != n(6) || n(8) != n(6) || o.channels < 1 || o.channels > kMaxChannels)
        return WEFT_STATUS_SHAPE;
    if (n(9) != kGains || n(10) != kLogarithms) return WEFT_STATUS_SHAPE;
    if (o.rows < 1 || o.rows * o.channels != weft_elements(op->outputs[0]))
        return WEFT_STATUS_SHAPE;
    return WEFT_STATUS_OK;
}

uint32_t state_bytes(const weft_op_t *op) {
    if (const int32_t status = check(op)) weft_fail(status);
    const Operands o(op);
    return 4 * o.channels + 2 * o.overlap() + o.rows * o.channels;
}

uint32_t scratch_bytes(const weft_op_t *) {
    return (kPoints + kPoints) * sizeof(Complex) + kBins * sizeof(uint32_t);
}

int32_t init(const weft_op_t *op) {
    if (const int32_t status = check(op)) return status;
    const Operands o(op);
    memset(State(op, o).features, -128, o.rows * o.channels);  // silence
    return WEFT_STATUS_OK;
}

int32_t round15(int32_t x) { return (x + (1 << 14)) >> 15; }

// Windowed samples, scaled up by as many bits as fit (the result) and followed by zeros.
int32_t window(const Operands &o, const int16_t *kept, int16_t *y) {
    const int16_t *w = o.window;
    int32_t largest = 0, i = 0;
    const auto take = [&](const int16_t *x, int32_t n) {
        for (const int16_t *end = x + n; x != end; i++) {
            int32_t value = (*x++ * w[i]) >> kWindowBits;
            if (value != static_cast<int16_t>(value)) value = value < 0 ? INT16_MIN : INT16_MAX;
            y[i] = static_cast<int16_t>(value);
            const int32_t size = value < 0 ? -value : value;
            if (size > largest) largest = size;
        }
    };
    take(kept, o.overlap());
    take(o.samples, o.step);
    // The reference keeps the largest in 16 bits, where 32768 is a negative number.
    const int32_t bits =
        largest > INT16_MAX || largest == 0 ? 0 : __builtin_clz(static_cast<uint32_t>(largest)) - 17;
    // A frame of zeros stays one.
    if (bits)
        for (int32_t k = 0; k < o.size; k++) y[k] = static_cast<int16_t>(y[k] * (1 << bits));
    memset(y + o.size, 0, (2 * kPoints - o.size) * sizeof *y);
    return bits;
}

// One butterfly of radix 4; inputs are divided by 4 first. Without twiddles all are 1.
template <bool kTurn>
void butterfly(Complex *y, int32_t m, const Complex *x, int32_t step, const Complex *t) {
    constexpr int32_t kQuarter = INT16_MAX / 4;
    int32_t re[4], im[4];
    for (int32_t i = 0; i < 4; i++) {
        const int32_t a = round15(x[i * step].re * kQuarter);
        const int32_t b = round15(x[i * step].im * kQuarter);
        if (!kTurn || i == 0) {
            re[i] = a, im[i] = b;
        } else {
            re[i] = round15(a * t[i].re - b * t[i].im);
            im[i] = round15(a * t[i].im + b * t[i].re);
        }
    }
    const int32_t even_re = re[0] + re[2], even_im = im[0] + im[2];
    const int32_t differ_re = re[0] - re[2], differ_im = im[0] - im[2];
    const int32_t odd_re = re[1] + re[3], odd_im = im[1] + im[3];
    const int32_t turned_re = re[1] - re[3], turned_im = im[1] - im[3];
    const auto store = [&](int32_t i, int32_t a, int32_t b) {
        y[i * m] = {static_cast<int16_t>(a), static_cast<int16_t>(b)};
    };
    store(0, even_re + odd_re, even_im + odd_im);
    store(1, differ_re + turned_im, differ_im - turned_re);
    store(2, even_re - odd_re, even_im - odd_im);
    store(3, differ_re - turned_im, differ_im + turned_re);
}

// Decimation in time, in four stages of radix 4.
void transform(const Complex *x, const Complex *twiddles, Complex *y) {
    for (int32_t block = 0; block < kPoints / 4; block++) {
        const int32_t from = (block & 3) << 4 | (block & 12) | block >> 4;  // its digits turned
        butterfly<false>(y + 4 * block, 1, x + from, kPoints / 4, nullptr);
    }
    for (int32_t m = 4; m < kPoints; m *= 4) {
        const int32_t stride = kPoints / 4 / m;
        for (Complex *p = y; p != y + kPoints; p += 4 * m) butterfly<false>(p, m, p, m, nullptr);
        for (int32_t k = 1; k < m; k++) {
            Complex t[4];
            for (int32_t i = 1; i < 4; i++) t[i] = twiddles[i * k * stride];
            for (Complex *p = y + k; p < y + kPoints; p += 4 * m)
                butterfly<true>(p, m, p, m, t);
        }
    }
}

uint32_t energy(int32_t re, int32_t im) {
    const auto a = static_cast<int16_t>(re), b = static_cast<int16_t>(im);
    return static_cast<uint32_t>(a * a) + static_cast<uint32_t>(b * b);
}

// Energies of the spectrum of real samples from the transform that takes them as pairs.
void energies(const Complex *y, const Complex *split, uint32_t *power) {
    constexpr int32_t kHalf = INT16_MAX / 2;
    const auto half = [](int32_t x) { return round15(x * kHalf); };
    const int32_t re = half(y[0].re), im = half(y[0].im);
    power[0] = energy(re + im, 0);
    power[kPoints] = energy(re - im, 0);
    for (int32_t k = 1; k <= kPoints / 2; k++) {
        const Complex a = y[k], b = y[kPoints - k];
        const int32_t a_re = half(a.re), a_im = half(a.im), b_re = half(b.re);
        const int32_t b_im = half(static_cast<int16_t>(-b.im));
        const int32_t sum_re = a_re + b_re, sum_im = a_im + b_im;
        const int32_t c_re = a_re - b_re, c_im = a_im - b_im;
        const Complex t = split[k - 1];
        const auto d_re = static_cast<int16_t>(round15(c_re * t.re - c_im * t.im));
        const auto d_im = static_cast<int16_t>(round15(c_re * t.im + c_im * t.re));
        power[k] = energy((sum_re + d_re) >> 1, (sum_im + d_im) >> 1);
        power[kPoints - k] = energy((sum_re - d_re) >> 1, (d_im - sum_im) >> 1);
    }
}

// Square root of 32 bits, rounded down, and what it leaves.
uint32_t root32(uint32_t x, uint32_t *rest) {
    uint32_t root = 0;
    for (uint32_t bit = 1u << 30; bit; bit >>= 2) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    *rest = x;
    return root;
}

// Square root to nearest; it saturates below 2^16 where its argument is below 2^32.
uint32_t root(uint64_t x) {
    if (!(x >> 32)) {
        uint32_t rest;
        const uint32_t r = root32(static_cast<uint32_t>(x), &rest);
        return r + (rest > r && r != UINT16_MAX);
    }
    // Zimmermann's step ("Karatsuba square root", 1999): the upper half's root and one division.
    const auto high = static_cast<uint32_t>(x >> 32);
    const int32_t shift = __builtin_clz(high) & ~1;
    const uint64_t scaled = x << shift;
    const auto low = static_cast<uint32_t>(scaled);
    uint32_t rest;
    const uint32_t upper = root32(static_cast<uint32_t>(scaled >> 32), &rest);
    const uint32_t numerator = (rest << 15) + (low >> 17);  // half of it, with half the divisor
    uint32_t q = numerator / upper;
    const uint32_t u = 2 * (numerator % upper) + (low >> 16 & 1);
    const int64_t left = static_cast<int64_t>((static_cast<uint64_t>(u) << 16) | (low & 0xFFFF)) -
                         static_cast<int64_t>(static_cast<uint64_t>(q) * q);
    uint64_t r = (static_cast<uint64_t>(upper) << 16) + q - (left < 0);
    r >>= shift / 2;
    const uint64_t difference = x - r * r;
    return static_cast<uint32_t>(r + (difference > r && r != UINT32_MAX));
}

// Energies of channels: a bin counts in two that overlap.
void bank(const Operands &o, const uint32_t *power, int32_t shift, uint32_t *signal) {
    uint64_t above = 0;
    for (int32_t channel = 0; channel <= o.channels; channel++) {
        const int16_t *w = o.weights + o.first_weight[channel];
        const int16_t *v = o.unweights + o.first_weight[channel];
        const uint32_t *p = power + o.first_bin[channel];
        uint64_t sum = above;
        above = 0;
        for (const uint32_t *end = p + o.n_bins[channel]; p != end; p++) {
            sum += static_cast<uint64_t>(*p) * static_cast<uint32_t>(*w++);
            above += static_cast<uint64_t>(*p) * static_cast<uint32_t>(*v++);
        }
        if (channel) signal[channel - 1] = root(sum) >> shift;
    }
}

uint32_t without_noise(uint32_t signal, uint32_t smoothing, uint32_t *noise) {
    const uint32_t scaled = signal << kNoiseExtraBits;
    const uint32_t estimate =
        static_cast<uint32_t>((static_cast<uint64_t>(scaled) * smoothing +
                               static_cast<uint64_t>(*noise) * ((1u << kNoiseBits) - smoothing)) >>
                              kNoiseBits);
    *noise = estimate;
    const uint32_t least =
        static_cast<uint32_t>((static_cast<uint64_t>(signal) * kLeast) >> kNoiseBits);
    const uint32_t left = (scaled - (estimate < scaled ? estimate : scaled)) >> kNoiseExtraBits;
    return left > least ? left : least;
}

int32_t bits_of(uint32_t x) { return 32 - __builtin_clz(x); }

// A gain between two powers of two: a parabola.
int32_t gain_of(const int16_t *gains, uint32_t x) {
    if (x <= 2) return gains[x];
    const int32_t n = bits_of(x);
    const int16_t *g = gains + 4 * n - 6;
    const auto fraction = static_cast<int32_t>((n < 11 ? x << (11 - n) : x >> (n - 11)) & 0x3FF);
    const int32_t slope = (g[2] * fraction >> 5) + g[1] * 32;
    return static_cast<int16_t>(((slope * fraction + (1 << 14)) >> 15) + g[0]);
}

uint32_t controlled(uint32_t signal, uint32_t noise, const int16_t *gains) {
    const auto gain = static_cast<uint32_t>(gain_of(gains, noise));
    const auto snr = static_cast<uint32_t>((static_cast<uint64_t>(signal) * gain) >> kSnrShift);
    if (snr < 2u << kSnrBits) return (snr * snr) >> (2 + 2 * kSnrBits - kGainedBits);
    return (snr >> (kSnrBits - kGainedBits)) - (1u << kGainedBits);
}

uint32_t logarithm(const uint16_t *table, uint32_t x) {
    if (x <= 1) return 0;
    const int32_t whole = bits_of(x) - 1;
    uint32_t fraction = x - (1u << whole);
    fraction = whole < 16 ? fraction << (16 - whole) : fraction >> (whole - 16);
    const uint32_t at = fraction >> 9;
    const int32_t low = table[at], high = table[at + 1];
    const int32_t between = ((high - low) * static_cast<int32_t>(fraction & 511)) >> 16;
    const uint32_t log2 =
        (static_cast<uint32_t>(whole) << 16) + fraction + static_cast<uint32_t>(low + between);
    constexpr uint32_t kLog2 = 45426, kRound = 1u << 15;  // log(2), 16 fractional bits
    const auto log = static_cast<uint32_t>((static_cast<uint64_t>(kLog2) * log2 + kRound) >> 16);
    const uint32_t scaled = (kLogScale * log + kRound) >> 16;
    return scaled < INT16_MAX ? scaled : INT16_MAX;
}

int8_t feature(uint32_t logarithm) {
    const uint32_t code = (logarithm + (1u << (kDroppedBits - 1))) >> kDroppedBits;
    return static_cast<int8_t>(static_cast<int32_t>(code < 255 ? code : 255) - 128);
}

int32_t frontend(const weft_op_t *op) {
    if (const int32_t status = check(op)) return status;
    const Operands o(op);
    State state(op, o);
    auto *spectrum = static_cast<Complex *>(op->scratch);
    Complex *frame = spectrum + kPoints;
    auto *power = reinterpret_cast<uint32_t *>(frame + kPoints);

    const int32_t shift = window(o, state.samples, reinterpret_cast<int16_t *>(frame));
    transform(frame, o.twiddles, spectrum);
    energies(spectrum, o.split, power);
    uint32_t signal[kMaxChannels];
    bank(o, power, shift, signal);

    const int32_t last = (o.rows - 1) * o.channels;
    memmove(state.features, state.features + o.channels, last);
    for (int32_t i = 0; i < o.channels; i++) {
        const uint32_t clean = without_noise(signal[i], kSmoothing[i & 1], &state.noise[i]);
        const uint32_t level = controlled(clean, state.noise[i], o.gains);
        state.features[last + i] = feature(logarithm(o.logarithms, level << kCorrectionBits));
    }
    const int32_t kept = o.overlap(), fresh = kept < o.step ? kept : o.step;
    memmove(state.samples, state.samples + fresh, (kept - fresh) * sizeof(int16_t));
    memcpy(state.samples + kept - fresh, o.samples + o.step - fresh, fresh * sizeof(int16_t));
    memcpy(op->outputs[0]->data, state.features, o.rows * o.channels);
    return WEFT_STATUS_OK;
}

}  // namespace

WEFT_OP("AudioFrontend", frontend, init, state_bytes, scratch_bytes)
