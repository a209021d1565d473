// CRC-32C (Castagnoli), as Go's hash/crc32 computes it.
#pragma once

#include <cstdint>
#include <string_view>

namespace etcd::base {

// The checksum of the bytes so far (0 for none) extended by `bytes`: equal to Go's crc32.Update(crc, castagnoli, bytes).
// Uses the processor's instruction where there is one.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);
// The same without the instruction: the fallback, and the model that tests compare with.
std::uint32_t crc32c_by_table(std::uint32_t crc, std::string_view bytes);

}  // namespace etcd::base
