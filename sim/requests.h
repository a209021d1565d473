// Requests as clients encode them, and what of the answers the simulator looks at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace etcd::sim {

// "key-3".
std::string key_name(int key);
// A value that tells its number, `bytes` long or longer. A number is never 0.
std::string value_text(std::uint64_t number, std::size_t bytes);
// 0 for none of ours.
std::uint64_t value_number(std::string_view text);

std::string put_request(int key, std::string_view value);
std::string delete_request(int key);
// Puts `value` if the key holds `expected`, whole text (nothing: if it does not exist); else gets it.
std::string swap_request(int key, const std::optional<std::string>& expected, std::string_view value);
// Puts both keys in one transaction, under the lease.
std::string put_both_request(std::string_view first, std::string_view second, LeaseId lease);
std::string compaction_request(Revision revision);

struct Answer {
  std::int64_t revision = 0;       // of the header
  bool did = false;                // deleted something; the transaction succeeded
  std::uint64_t seen = 0;          // value that the transaction's get found
  std::int64_t mod_revision = 0;   // of that
};

Answer read_put_answer(std::string_view bytes);
Answer read_delete_answer(std::string_view bytes);
Answer read_swap_answer(std::string_view bytes);

}  // namespace etcd::sim
