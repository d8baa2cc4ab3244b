// Hash tables of the hot paths: open addressing, no allocation per entry.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace relata::text {

inline uint64_t mix(uint64_t a, uint64_t b) {
  const auto product =
      static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15U) * (b ^ 0xD1B54A32D192ED03U);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

inline uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = bytes.size();
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = mix(hash, word);
  }
  uint64_t word = 0;
  std::memcpy(&word, at, left);
  return mix(hash, word ^ left << 56U);
}

/// uint64 keys to values; a key is never removed. Value{} must not be used as a stored value's
/// marker: presence is kept apart.
template <typename Value>
class IntegerMap {
 public:
  void reserve(std::size_t count) { grow(std::bit_ceil(count * 2 + 8)); }

  /// The value of `key`, or null.
  const Value* find(uint64_t key) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = place(key);; at = (at + 1) & mask_) {
      if (!slots_[at].used) return nullptr;
      if (slots_[at].key == key) return &slots_[at].value;
    }
  }

  /// The value of `key`, made if it is missing.
  Value& operator[](uint64_t key) {
    if ((size_ + 1) * 2 > slots_.size()) grow(slots_.empty() ? 16 : slots_.size() * 2);
    for (std::size_t at = place(key);; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      if (slot.used && slot.key != key) continue;
      if (!slot.used) {
        slot.used = true;
        slot.key = key;
        ++size_;
      }
      return slot.value;
    }
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    uint64_t key = 0;
    Value value = {};
    bool used = false;
  };

  std::size_t place(uint64_t key) const { return mix(key, 1) & mask_; }

  void grow(std::size_t capacity) {
    if (capacity <= slots_.size()) return;
    std::vector<Slot> old(capacity);
    old.swap(slots_);
    mask_ = capacity - 1;
    size_ = 0;
    for (Slot& slot : old) {
      if (slot.used) (*this)[slot.key] = slot.value;
    }
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace relata::text
