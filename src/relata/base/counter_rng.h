// Random numbers as a function of (seed, stream, position), so that no draw depends on another one:
// there is nothing to save, and any thread may draw any stream. Source: Philox4x32-10 of Salmon,
// Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>

namespace relata {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

/// The block of 128 random bits at `counter` of the sequence that `key` names.
constexpr PhiloxCounter philox4x32_10(PhiloxCounter counter, PhiloxKey key) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t even = uint64_t{0xD2511F53} * counter[0];
    const uint64_t odd = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(odd >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(odd),
               static_cast<uint32_t>(even >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(even)};
    key[0] += 0x9E3779B9;  // golden ratio
    key[1] += 0xBB67AE85;  // √3 − 1
  }
  return counter;
}

/// One stream of random numbers. A value type of 40 bytes, cheap to make; not to be shared by
/// threads.
class CounterRng {
 public:
  /// The stream is named by any number of words, e.g. (seed, epoch, row). Streams whose names
  /// differ are independent for all practical purposes.
  template <std::convertible_to<uint64_t>... Words>
  explicit constexpr CounterRng(uint64_t seed, Words... stream) : key_(split(seed)) {
    ((key_ = child(key_, static_cast<uint64_t>(stream))), ...);
  }

  constexpr uint64_t next_u64() {
    half_ = !half_;
    if (half_) {
      const auto [low, high] = split(position_++);
      block_ = philox4x32_10({low, high, 0, kDraw}, key_);
      return join(block_[0], block_[1]);
    }
    return join(block_[2], block_[3]);
  }

  /// Uniform on [0, 1): a multiple of 2⁻⁵³.
  constexpr double uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

  /// Uniform on {0, …, bound − 1} without bias, by rejection: below two draws on average.
  /// `bound` ≥ 1.
  constexpr uint64_t below(uint64_t bound) {
    const int unused = std::countl_zero(bound - 1);
    if (unused == 64) return 0;
    uint64_t candidate = next_u64() >> unused;
    while (candidate >= bound) candidate = next_u64() >> unused;
    return candidate;
  }

 private:
  // The last counter word keeps the blocks that are drawn apart from those that name a child
  // stream.
  static constexpr uint32_t kDraw = 0;
  static constexpr uint32_t kChild = 1;

  static constexpr PhiloxKey split(uint64_t word) {
    return {static_cast<uint32_t>(word), static_cast<uint32_t>(word >> 32)};
  }
  static constexpr uint64_t join(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }
  static constexpr PhiloxKey child(PhiloxKey key, uint64_t word) {
    const auto [low, high] = split(word);
    const PhiloxCounter block = philox4x32_10({low, high, 0, kChild}, key);
    return {block[0], block[1]};
  }

  PhiloxKey key_;
  PhiloxCounter block_{};
  uint64_t position_ = 0;  ///< the next block
  bool half_ = false;      ///< the second half of `block_` is still to be handed out
};

}  // namespace relata
