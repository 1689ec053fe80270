// printf and its relatives, to the host's log or to memory: what C11 7.21.6.1 says of d i u x X o
// c s p e f g and %, with flags, width, precision and length. %a, %n, long double and wide characters
// are not there. Numbers are rounded to nearest even from their exact value; of floating point, what comes
// behind 40 digits is 0.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime.h"

#undef putc  // which may be macros
#undef putchar

namespace {

// Where characters go: memory, as far as it reaches, or the log.
struct Sink {
    char *to;
    size_t room;
    int count = 0;

    void put(char c) {
        if (!to)
            *weft_mmio(WEFT_MMIO_LOG) = static_cast<uint8_t>(c);
        else if (static_cast<size_t>(count) < room)
            to[count] = c;
        count++;
    }
    void put(const char *text, int n) {
        while (n-- > 0) put(*text++);
    }
    void fill(char c, int n) {
        while (n-- > 0) put(c);
    }
};

struct Spec {
    bool left = false, plus = false, space = false, alternate = false, zero = false;
    int width = 0, precision = -1;
    char conversion = 0;
};

// A sign or prefix, zeros to the width, and the rest.
void put_padded(Sink &out, const Spec &spec, const char *prefix, int n_prefix, const char *body,
                int n_body, int n_zeros = 0) {
    const int pad = spec.width - n_prefix - n_zeros - n_body;
    if (!spec.left && !spec.zero) out.fill(' ', pad);
    out.put(prefix, n_prefix);
    if (!spec.left && spec.zero) out.fill('0', pad);
    out.fill('0', n_zeros);
    out.put(body, n_body);
    if (spec.left) out.fill(' ', pad);
}

int sign_prefix(const Spec &spec, bool negative, char *prefix) {
    prefix[0] = negative ? '-' : spec.plus ? '+' : ' ';
    return negative || spec.plus || spec.space;
}

void put_integer(Sink &out, Spec spec, uint64_t value, bool negative) {
    char digits[22], prefix[2];
    int n_prefix = 0, n = 0;
    const unsigned base = spec.conversion == 'o' ? 8 : strchr("xXp", spec.conversion) ? 16 : 10;
    const char *alphabet = spec.conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    if (spec.conversion == 'd') n_prefix = sign_prefix(spec, negative, prefix);
    if (base == 16 && (spec.conversion == 'p' || (spec.alternate && value))) {
        prefix[0] = '0';
        prefix[1] = spec.conversion == 'X' ? 'X' : 'x';
        n_prefix = 2;
    }
    uint32_t low = static_cast<uint32_t>(value);
    for (; value >> 32; value /= base, low = static_cast<uint32_t>(value))
        digits[sizeof digits - ++n] = alphabet[value % base];
    for (; low; low /= base) digits[sizeof digits - ++n] = alphabet[low % base];
    int least = spec.precision < 0 ? 1 : spec.precision;
    if (base == 8 && spec.alternate && least <= n) least = n + 1;
    if (spec.precision >= 0) spec.zero = false;
    put_padded(out, spec, prefix, n_prefix, digits + sizeof digits - n, n,
               n < least ? least - n : 0);
}

// A positive double as decimal digits. Its exact value has up to 767 of them, but all that is asked
// for is a rounded beginning; kDigits are kept, and whether anything follows.
class Decimal {
  public:
    // value = 0.d1 d2 d3 ... * 10^exponent, d1 not 0; of 0, no digits and exponent 1.
    int n = 0, exponent = 1;
    char digits[40];

    explicit Decimal(uint64_t bits) {
        int power = static_cast<int>(bits >> 52 & 0x7FF);
        uint64_t significand = bits & ((uint64_t{1} << 52) - 1);
        if (power) significand |= uint64_t{1} << 52;
        power += (power ? 0 : 1) - 1075;
        if (!significand) return;
        set(significand);
        for (; power > 0; power -= step(power)) multiply(1u << step(power));
        for (; power < 0; power += step(-power)) divide(step(-power));
        emit();
    }

    // Rounds to that many digits, which may be none or fewer.
    void round(int places) {
        if (places >= n) return;
        if (places < 0) {
            n = 0;
            return;
        }
        bool more = rest;
        for (int i = places + 1; i < n; i++) more |= digits[i] != '0';
        const bool odd = places && (digits[places - 1] & 1);
        const bool up = digits[places] > '5' || (digits[places] == '5' && (more || odd));
        n = places;
        if (!up) return;
        while (n && digits[n - 1] == '9') n--;
        if (n) {
            digits[n - 1]++;
        } else {
            digits[n++] = '1';
            exponent++;
        }
    }

    char at(int i) const { return i >= 0 && i < n ? digits[i] : '0'; }

  private:
    // limbs of base 10^9, most significant first; the point is before limb `whole`.
    static constexpr uint32_t kBase = 1000000000;
    static constexpr int kLimbs = 90;  // 1074 bits below the point, 36 limbs above it and 53 bits
    uint32_t limbs[kLimbs];
    int first = 0, last = 0, whole = 0;
    bool rest = false;  // whether anything but zeros follows the digits

    static int step(int power) { return power < 29 ? power : 29; }

    void set(uint64_t value) {
        first = last = whole = 37;
        while (value) {
            limbs[--first] = static_cast<uint32_t>(value % kBase);
            value /= kBase;
        }
    }
    void multiply(uint32_t factor) {
        uint64_t carry = 0;
        for (int i = last; i-- > first;) {
            carry += static_cast<uint64_t>(limbs[i]) * factor;
            limbs[i] = static_cast<uint32_t>(carry % kBase);
            carry /= kBase;
        }
        if (carry) limbs[--first] = static_cast<uint32_t>(carry);
    }
    void divide(int shift) {
        // Of 29 bits, so that remainder * 10^9 + limb stays below 2^60.
        uint64_t remainder = 0;
        for (int i = first; i < last || remainder; i++) {
            if (i == kLimbs) {
                rest = true;
                break;
            }
            const uint64_t value = remainder * kBase + (i < last ? limbs[i] : 0);
            limbs[i] = static_cast<uint32_t>(value >> shift);
            remainder = value & ((uint64_t{1} << shift) - 1);
            if (i >= last) last = i + 1;
        }
        while (first < last && !limbs[first]) first++;
    }
    void emit() {
        exponent = 9 * (whole - first);
        bool leading = true;
        for (int i = first; i < last; i++) {
            uint32_t limb = limbs[i];
            for (uint32_t unit = kBase / 10; unit; unit /= 10) {
                const char digit = static_cast<char>('0' + limb / unit);
                limb %= unit;
                if (leading && digit == '0') {
                    exponent--;
                    continue;
                }
                leading = false;
                if (n < static_cast<int>(sizeof digits))
                    digits[n++] = digit;
                else
                    rest |= digit != '0';
            }
        }
    }
};

void put_float(Sink &out, Spec spec, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    char prefix[1];
    const int n_prefix = sign_prefix(spec, bits >> 63, prefix);
    const bool upper = spec.conversion < 'a';
    const char style = static_cast<char>(spec.conversion | 0x20);
    bits &= ~uint64_t{0} >> 1;
    if (bits >> 52 == 0x7FF) {
        const bool is_nan = bits << 12;
        spec.zero = false;
        put_padded(out, spec, prefix, n_prefix,
                   is_nan ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf"), 3);
        return;
    }
    Decimal decimal(bits);
    int precision = spec.precision < 0 ? 6 : spec.precision;
    bool scientific = style == 'e';
    if (style == 'g') {
        if (!precision) precision = 1;
        decimal.round(precision);
        const int x = decimal.exponent - 1;
        scientific = x < -4 || x >= precision;
        precision -= scientific ? 1 : x + 1;
        if (!spec.alternate) {  // without the zeros at the end
            int used = decimal.n;
            while (used && decimal.digits[used - 1] == '0') used--;
            const int after = scientific ? used - 1 : used - decimal.exponent;
            if (after < precision) precision = after > 0 ? after : 0;
        }
    } else {
        decimal.round(scientific ? precision + 1 : decimal.exponent + precision);
    }

    const int whole = scientific ? 1 : decimal.exponent > 0 ? decimal.exponent : 1;
    const int start = scientific || decimal.exponent > 0 ? 0 : decimal.exponent - 1;
    char tail[6];
    int n_tail = 0;
    if (scientific) {
        const int x = decimal.exponent - 1, size = x < 0 ? -x : x;
        tail[n_tail++] = upper ? 'E' : 'e';
        tail[n_tail++] = x < 0 ? '-' : '+';
        if (size >= 100) tail[n_tail++] = static_cast<char>('0' + size / 100);
        tail[n_tail++] = static_cast<char>('0' + size / 10 % 10);
        tail[n_tail++] = static_cast<char>('0' + size % 10);
    }
    const bool point = precision || spec.alternate;
    const int pad = spec.width - n_prefix - whole - point - precision - n_tail;
    if (!spec.left && !spec.zero) out.fill(' ', pad);
    out.put(prefix, n_prefix);
    if (!spec.left && spec.zero) out.fill('0', pad);
    for (int i = 0; i < whole; i++) out.put(decimal.at(start + i));
    if (point) out.put('.');
    for (int i = 0; i < precision; i++) out.put(decimal.at(start + whole + i));
    out.put(tail, n_tail);
    if (spec.left) out.fill(' ', pad);
}

int number(const char *&format) {
    int value = 0;
    while (*format >= '0' && *format <= '9') value = 10 * value + (*format++ - '0');
    return value;
}

struct Arguments {
    va_list list;
};

void put_conversion(Sink &out, const char *&format, Arguments &arguments) {
    Spec spec;
    for (bool more = true; more;) {
        switch (*format) {
            case '-': spec.left = true; break;
            case '+': spec.plus = true; break;
            case ' ': spec.space = true; break;
            case '#': spec.alternate = true; break;
            case '0': spec.zero = true; break;
            default: more = false;
        }
        format += more;
    }
    if (*format == '*') {
        spec.width = va_arg(arguments.list, int);
        if (spec.width < 0) {
            spec.left = true;
            spec.width = -spec.width;
        }
        format++;
    } else {
        spec.width = number(format);
    }
    if (*format == '.') {
        if (*++format == '*') {
            spec.precision = va_arg(arguments.list, int);
            format++;
        } else {
            spec.precision = number(format);
        }
    }
    // int, long, size_t and pointers have 32 bits; only these lengths change anything.
    int bytes = 4;
    for (; *format && strchr("hljzt", *format); format++) {
        if (*format == 'h') bytes /= 2;
        if (*format == 'j' || (*format == 'l' && format[1] == 'l')) bytes = 8;
    }
    spec.conversion = *format;
    if (*format) format++;
    switch (spec.conversion) {
        case 'i':
            spec.conversion = 'd';
            [[fallthrough]];
        case 'd': {
            int64_t value = bytes == 8 ? va_arg(arguments.list, int64_t)
                                       : static_cast<int64_t>(va_arg(arguments.list, int32_t));
            if (bytes == 2) value = static_cast<int16_t>(value);
            if (bytes == 1) value = static_cast<int8_t>(value);
            const uint64_t size = value < 0 ? 0 - static_cast<uint64_t>(value) : value;
            put_integer(out, spec, size, value < 0);
            break;
        }
        case 'u':
        case 'o':
        case 'x':
        case 'X':
        case 'p': {
            uint64_t value = bytes == 8 ? va_arg(arguments.list, uint64_t)
                                        : va_arg(arguments.list, uint32_t);
            if (bytes == 2) value = static_cast<uint16_t>(value);
            if (bytes == 1) value = static_cast<uint8_t>(value);
            put_integer(out, spec, value, false);
            break;
        }
        case 'c': {
            const char c = static_cast<char>(va_arg(arguments.list, int));
            spec.zero = false;
            put_padded(out, spec, nullptr, 0, &c, 1);
            break;
        }
        case 's': {
            const char *text = va_arg(arguments.list, const char *);
            if (!text) text = "(null)";
            int n = 0;
            while (n != spec.precision && text[n]) n++;
            spec.zero = false;
            put_padded(out, spec, nullptr, 0, text, n);
            break;
        }
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
            put_float(out, spec, va_arg(arguments.list, double));
            break;
        default: out.put(spec.conversion ? spec.conversion : '%');
    }
}

int print(Sink &out, const char *format, va_list list) {
    Arguments arguments;
    va_copy(arguments.list, list);
    while (*format) {
        const char c = *format++;
        if (c != '%')
            out.put(c);
        else
            put_conversion(out, format, arguments);
    }
    va_end(arguments.list);
    return out.count;
}

}  // namespace

// Outside extern "C": their linkage is that of the library's header.
static FILE log_file;
FILE *const stdout = &log_file;
FILE *const stderr = &log_file;

extern "C" {

int vprintf(const char *format, va_list list) {
    Sink out{nullptr, 0};
    return print(out, format, list);
}

int vfprintf(FILE *, const char *format, va_list list) { return vprintf(format, list); }

int printf(const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int n = vprintf(format, list);
    va_end(list);
    return n;
}

int fprintf(FILE *, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int n = vprintf(format, list);
    va_end(list);
    return n;
}

int vsnprintf(char *to, size_t room, const char *format, va_list list) {
    char nowhere;
    Sink out{room ? to : &nowhere, room ? room - 1 : 0};
    const int n = print(out, format, list);
    if (room) to[static_cast<size_t>(n) < room ? n : room - 1] = 0;
    return n;
}

int vsprintf(char *to, const char *format, va_list list) {
    return vsnprintf(to, INT32_MAX, format, list);
}

int snprintf(char *to, size_t room, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(to, room, format, list);
    va_end(list);
    return n;
}

int sprintf(char *to, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const int n = vsprintf(to, format, list);
    va_end(list);
    return n;
}

int putchar(int c) {
    const char text[2] = {static_cast<char>(c), 0};
    weft_log(text);
    return static_cast<uint8_t>(c);
}
int fputc(int c, FILE *) { return putchar(c); }
int putc(int c, FILE *) { return putchar(c); }
int fputs(const char *text, FILE *) {
    weft_log(text);
    return 0;
}
int puts(const char *text) {
    weft_log(text);
    return putchar('\n') == '\n' ? 0 : EOF;
}
size_t fwrite(const void *from, size_t size, size_t count, FILE *) {
    const char *text = static_cast<const char *>(from);
    for (size_t i = 0; i < size * count; i++) putchar(text[i]);
    return count;
}
int fflush(FILE *) { return 0; }

}  // extern "C"
