#include "base/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace etcd::base {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78u;  // Castagnoli, bit-reversed

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[byte] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kTable = make_table();

// All functions below work on the inverted register, as the polynomial division does.
std::uint32_t extend_by_table(std::uint32_t state, const char* data, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    state = kTable[(state ^ static_cast<unsigned char>(data[i])) & 0xff] ^ (state >> 8);
  }
  return state;
}

#if defined(__x86_64__)

// Three blocks are summed side by side, since the instruction takes three cycles but can start every cycle.
constexpr std::size_t kBlock = 1024;

// The register `state` after `kBlock` zero bytes, as a sum of one table look-up for each of its bytes.
using ShiftTable = std::array<std::array<std::uint32_t, 256>, 4>;

ShiftTable make_shift_table() {
  std::array<std::uint32_t, 32> bit_shifted{};
  const std::array<char, kBlock> zeros{};
  for (std::size_t bit = 0; bit < 32; ++bit) bit_shifted[bit] = extend_by_table(1u << bit, zeros.data(), kBlock);
  ShiftTable table{};
  for (std::size_t place = 0; place < 4; ++place) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((byte >> bit & 1) != 0) table[place][byte] ^= bit_shifted[place * 8 + bit];
      }
    }
  }
  return table;
}

std::uint32_t shift_block(std::uint32_t state) {
  static const ShiftTable table = make_shift_table();
  return table[0][state & 0xff] ^ table[1][state >> 8 & 0xff] ^ table[2][state >> 16 & 0xff] ^ table[3][state >> 24];
}

std::uint64_t load_word(const char* data) {
  std::uint64_t word = 0;
  std::memcpy(&word, data, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t extend_three_blocks(std::uint32_t state, const char* data) {
  std::uint64_t first = state;
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t i = 0; i < kBlock; i += 8) {
    first = _mm_crc32_u64(first, load_word(data + i));
    second = _mm_crc32_u64(second, load_word(data + kBlock + i));
    third = _mm_crc32_u64(third, load_word(data + 2 * kBlock + i));
  }
  state = shift_block(static_cast<std::uint32_t>(first)) ^ static_cast<std::uint32_t>(second);
  return shift_block(state) ^ static_cast<std::uint32_t>(third);
}

__attribute__((target("sse4.2"))) std::uint32_t extend_by_instruction(std::uint32_t state, const char* data,
                                                                      std::size_t size) {
  for (; size >= 3 * kBlock; size -= 3 * kBlock, data += 3 * kBlock) state = extend_three_blocks(state, data);
  std::uint64_t wide = state;
  for (; size >= 8; size -= 8, data += 8) wide = _mm_crc32_u64(wide, load_word(data));
  state = static_cast<std::uint32_t>(wide);
  for (; size > 0; --size, ++data) state = _mm_crc32_u8(state, static_cast<unsigned char>(*data));
  return state;
}

std::uint32_t extend(std::uint32_t state, const char* data, std::size_t size) {
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  return has_instruction ? extend_by_instruction(state, data, size) : extend_by_table(state, data, size);
}

#else

std::uint32_t extend(std::uint32_t state, const char* data, std::size_t size) {
  return extend_by_table(state, data, size);
}

#endif

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  return ~extend(~crc, bytes.data(), bytes.size());
}

std::uint32_t crc32c_by_table(std::uint32_t crc, std::string_view bytes) {
  return ~extend_by_table(~crc, bytes.data(), bytes.size());
}

}  // namespace etcd::base
