// Texts as Go's standard library reads and writes them. Flags, error texts, log fields and config files are compared with those of etcd's Go
// members by people and by programs, so quoting, durations and numbers must look the same to the byte.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace etcd::base {

using Duration = std::chrono::nanoseconds;

// `text` between double quotes with Go's escapes (%q). Characters beyond ASCII are taken as printable.
std::string go_quote(std::string_view text);

// "0s", "1.5ms", "100µs", "1m0s", "2h0m0s": a time.Duration as Go prints it.
std::string format_duration(Duration duration);
// Reads "300ms", "-1.5h", "2h45m", "0"; kInvalid with Go's text otherwise, e.g. `time: unknown unit "x" in duration "1x"`.
Result<Duration> parse_duration(std::string_view text);

// "83 MB", "2.1 GB": a size in powers of 1000, as etcd's logs give it.
std::string human_bytes(std::uint64_t bytes);

// 1, t, T, true, True, TRUE and their opposites.
std::optional<bool> parse_bool(std::string_view text);

enum class NumberFault : std::uint8_t { kSyntax, kRange };
template <typename Integer>
struct ParsedNumber {
  Integer value = 0;
  std::optional<NumberFault> fault = {};
};
// Integers in Go's notation: 12, 1_000, 0x1f, 0o17, 017, 0b11. With kRange the value is the nearest that fits.
ParsedNumber<std::int64_t> parse_int(std::string_view text);
ParsedNumber<std::uint64_t> parse_uint(std::string_view text, std::uint64_t max = UINT64_MAX);

}  // namespace etcd::base
