// Reads the options of custom operators: FlexBuffers, as google/flatbuffers documents the format
// ("FlexBuffers encoding"). The names are those of its C++ reader.
//
// Data are not aligned and are read byte by byte. What lies outside the buffer reads as null.
#ifndef WEFT_TFLM_FLEXBUFFERS_H
#define WEFT_TFLM_FLEXBUFFERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace flexbuffers {

enum Type {
    FBT_NULL = 0,
    FBT_INT = 1,
    FBT_UINT = 2,
    FBT_FLOAT = 3,
    FBT_KEY = 4,
    FBT_STRING = 5,
    FBT_INDIRECT_INT = 6,
    FBT_INDIRECT_UINT = 7,
    FBT_INDIRECT_FLOAT = 8,
    FBT_MAP = 9,
    FBT_VECTOR = 10,
    FBT_VECTOR_INT = 11,
    FBT_VECTOR_UINT = 12,
    FBT_VECTOR_FLOAT = 13,
    FBT_VECTOR_KEY = 14,
    FBT_VECTOR_STRING_DEPRECATED = 15,
    FBT_VECTOR_INT2 = 16,
    FBT_VECTOR_FLOAT4 = 24,
    FBT_BLOB = 25,
    FBT_BOOL = 26,
    FBT_VECTOR_BOOL = 36,
};

inline bool IsTypedVector(Type t) {
    return (t >= FBT_VECTOR_INT && t <= FBT_VECTOR_STRING_DEPRECATED) || t == FBT_VECTOR_BOOL;
}
inline bool IsFixedTypedVector(Type t) { return t >= FBT_VECTOR_INT2 && t <= FBT_VECTOR_FLOAT4; }

namespace internal {

// Bytes with their bounds.
struct Bytes {
    const uint8_t *start = nullptr, *end = nullptr;

    bool has(const uint8_t *at, size_t n) const {
        return at && at >= start && at <= end && static_cast<size_t>(end - at) >= n;
    }
    uint64_t unsigned_at(const uint8_t *at, unsigned width) const {
        uint64_t value = 0;
        if (has(at, width))
            for (unsigned i = width; i-- > 0;) value = value << 8 | at[i];
        return value;
    }
    int64_t signed_at(const uint8_t *at, unsigned width) const {
        const unsigned shift = 64 - 8 * width;
        return static_cast<int64_t>(unsigned_at(at, width) << shift) >> shift;
    }
    double float_at(const uint8_t *at, unsigned width) const {
        const uint64_t bits = unsigned_at(at, width);
        if (width == 8) {
            double value;
            memcpy(&value, &bits, sizeof value);
            return value;
        }
        if (width != 4) return 0;
        const uint32_t low = static_cast<uint32_t>(bits);
        float value;
        memcpy(&value, &low, sizeof value);
        return static_cast<double>(value);
    }
    const uint8_t *indirect(const uint8_t *at, unsigned width) const {
        const uint64_t back = unsigned_at(at, width);
        if (!at || !back || back > static_cast<uint64_t>(at - start)) return nullptr;
        return at - back;
    }
};

}  // namespace internal

class Reference;

class Sized {
  public:
    Sized() = default;
    Sized(internal::Bytes bytes, const uint8_t *data, unsigned width, size_t fixed_size = 0)
        : bytes_(bytes), data_(data), width_(width), fixed_size_(fixed_size) {}
    size_t size() const {
        if (fixed_size_ || !data_) return fixed_size_;
        const uint64_t n = bytes_.unsigned_at(data_ - width_, width_);
        return bytes_.has(data_, n * width_) ? static_cast<size_t>(n) : 0;
    }

  protected:
    internal::Bytes bytes_;
    const uint8_t *data_ = nullptr;
    unsigned width_ = 1;
    size_t fixed_size_ = 0;
};

class String : public Sized {
  public:
    using Sized::Sized;
    size_t length() const { return size(); }
    const char *c_str() const { return data_ ? reinterpret_cast<const char *>(data_) : ""; }
    std::string str() const { return std::string(c_str(), size()); }
};

class Blob : public Sized {
  public:
    using Sized::Sized;
    const uint8_t *data() const { return data_; }
};

class Vector : public Sized {
  public:
    using Sized::Sized;
    inline Reference operator[](size_t i) const;
};

class TypedVector : public Sized {
  public:
    TypedVector() = default;
    TypedVector(internal::Bytes bytes, const uint8_t *data, unsigned width, Type type,
                size_t fixed_size = 0)
        : Sized(bytes, data, width, fixed_size), type_(type) {}
    inline Reference operator[](size_t i) const;

  private:
    Type type_ = FBT_NULL;
};

class Map : public Vector {
  public:
    using Vector::Vector;
    inline Reference operator[](const char *key) const;
    Reference operator[](const std::string &key) const;
    Vector Values() const { return Vector(bytes_, data_, width_); }
    TypedVector Keys() const {
        if (!data_) return TypedVector();
        const uint8_t *keys = bytes_.indirect(data_ - 3 * width_, width_);
        const auto width = static_cast<unsigned>(bytes_.unsigned_at(data_ - 2 * width_, width_));
        return TypedVector(bytes_, keys, width ? width : 1, FBT_KEY);
    }
};

// A value of any type; it converts itself where that makes sense, and is 0 where it does not.
class Reference {
  public:
    Reference() = default;
    Reference(internal::Bytes bytes, const uint8_t *data, unsigned parent_width, unsigned width,
              Type type)
        : bytes_(bytes), data_(data), parent_width_(parent_width), width_(width), type_(type) {}

    Type GetType() const { return type_; }
    bool IsNull() const { return type_ == FBT_NULL; }
    bool IsBool() const { return type_ == FBT_BOOL; }
    bool IsInt() const { return type_ == FBT_INT || type_ == FBT_INDIRECT_INT; }
    bool IsUInt() const { return type_ == FBT_UINT || type_ == FBT_INDIRECT_UINT; }
    bool IsIntOrUint() const { return IsInt() || IsUInt(); }
    bool IsFloat() const { return type_ == FBT_FLOAT || type_ == FBT_INDIRECT_FLOAT; }
    bool IsNumeric() const { return IsIntOrUint() || IsFloat(); }
    bool IsString() const { return type_ == FBT_STRING; }
    bool IsKey() const { return type_ == FBT_KEY; }
    bool IsMap() const { return type_ == FBT_MAP; }
    bool IsVector() const { return type_ == FBT_VECTOR || type_ == FBT_MAP; }
    bool IsTypedVector() const { return flexbuffers::IsTypedVector(type_); }
    bool IsBlob() const { return type_ == FBT_BLOB; }

    int64_t AsInt64() const {
        switch (type_) {
            case FBT_INT: return bytes_.signed_at(data_, parent_width_);
            case FBT_BOOL:
            case FBT_UINT: return static_cast<int64_t>(bytes_.unsigned_at(data_, parent_width_));
            case FBT_INDIRECT_INT: return bytes_.signed_at(target(), width_);
            case FBT_INDIRECT_UINT: return static_cast<int64_t>(AsUInt64());
            case FBT_FLOAT:
            case FBT_INDIRECT_FLOAT: return static_cast<int64_t>(AsDouble());
            default: return 0;
        }
    }
    uint64_t AsUInt64() const {
        if (type_ == FBT_INDIRECT_UINT) return bytes_.unsigned_at(target(), width_);
        return static_cast<uint64_t>(AsInt64());
    }
    int32_t AsInt32() const { return static_cast<int32_t>(AsInt64()); }
    uint32_t AsUInt32() const { return static_cast<uint32_t>(AsUInt64()); }
    int16_t AsInt16() const { return static_cast<int16_t>(AsInt64()); }
    uint16_t AsUInt16() const { return static_cast<uint16_t>(AsUInt64()); }
    int8_t AsInt8() const { return static_cast<int8_t>(AsInt64()); }
    uint8_t AsUInt8() const { return static_cast<uint8_t>(AsUInt64()); }
    bool AsBool() const { return type_ == FBT_FLOAT ? AsDouble() != 0 : AsInt64() != 0; }
    double AsDouble() const {
        if (type_ == FBT_FLOAT) return bytes_.float_at(data_, parent_width_);
        if (type_ == FBT_INDIRECT_FLOAT) return bytes_.float_at(target(), width_);
        return IsUInt() ? static_cast<double>(AsUInt64()) : static_cast<double>(AsInt64());
    }
    float AsFloat() const { return static_cast<float>(AsDouble()); }

    const char *AsKey() const {
        const uint8_t *text = IsKey() || IsString() ? target() : nullptr;
        return text ? reinterpret_cast<const char *>(text) : "";
    }
    String AsString() const {
        if (IsKey()) return String(bytes_, target(), 1, strlen(AsKey()));
        return IsString() ? String(bytes_, target(), width_) : String();
    }
    std::string ToString() const { return AsString().str(); }
    Blob AsBlob() const {
        return IsBlob() || IsString() ? Blob(bytes_, target(), width_) : Blob();
    }
    Vector AsVector() const { return IsVector() ? Vector(bytes_, target(), width_) : Vector(); }
    Map AsMap() const { return IsMap() ? Map(bytes_, target(), width_) : Map(); }
    TypedVector AsTypedVector() const {
        if (!IsTypedVector()) return TypedVector();
        const Type element = type_ == FBT_VECTOR_BOOL
                                 ? FBT_BOOL
                                 : static_cast<Type>(type_ - FBT_VECTOR_INT + FBT_INT);
        return TypedVector(bytes_, target(), width_, element);
    }
    TypedVector AsFixedTypedVector() const {
        if (!IsFixedTypedVector(type_)) return TypedVector();
        const unsigned index = type_ - FBT_VECTOR_INT2;
        const Type element = static_cast<Type>(index % 3 + FBT_INT);
        return TypedVector(bytes_, target(), width_, element, index / 3 + 2);
    }

  private:
    const uint8_t *target() const { return bytes_.indirect(data_, parent_width_); }

    internal::Bytes bytes_;
    const uint8_t *data_ = nullptr;
    unsigned parent_width_ = 1, width_ = 1;
    Type type_ = FBT_NULL;
};

inline Reference Vector::operator[](size_t i) const {
    const size_t n = size();
    if (i >= n) return Reference();
    const uint8_t *packed = data_ + n * width_ + i;
    if (!bytes_.has(packed, 1)) return Reference();
    return Reference(bytes_, data_ + i * width_, width_, 1u << (*packed & 3),
                     static_cast<Type>(*packed >> 2));
}

inline Reference TypedVector::operator[](size_t i) const {
    if (i >= size()) return Reference();
    return Reference(bytes_, data_ + i * width_, width_, 1, type_);
}

inline Reference Map::operator[](const char *key) const {
    const TypedVector keys = Keys();
    size_t low = 0, high = keys.size();  // they are sorted
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const int order = strcmp(keys[middle].AsKey(), key);
        if (order == 0) return Vector::operator[](middle);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return Reference();
}

inline Reference Map::operator[](const std::string &key) const { return (*this)[key.c_str()]; }

inline Reference GetRoot(const uint8_t *buffer, size_t size) {
    if (!buffer || size < 3) return Reference();
    const internal::Bytes bytes{buffer, buffer + size};
    const unsigned width = buffer[size - 1], packed = buffer[size - 2];
    if (width > 8 || width + 2 > size) return Reference();
    return Reference(bytes, buffer + size - 2 - width, width, 1u << (packed & 3),
                     static_cast<Type>(packed >> 2));
}

inline Reference GetRoot(const std::vector<uint8_t> &buffer) {
    return GetRoot(buffer.data(), buffer.size());
}

}  // namespace flexbuffers

#endif  // WEFT_TFLM_FLEXBUFFERS_H
