// The checker: reads a whole version of the db and reports everything in it that bbolt would not have written.
//
// Checked: each page below the high-water mark is used once, or free; ids, types, element bounds; keys in order
// within a page and between the bounds that the parent page sets; bucket headers and inline pages; depth; a stored
// free list's order, range and disjointness.
// Costs: one pass over all pages, a bit of memory for each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "bolt/read_tx.h"

namespace etcd::bolt {

struct CheckReport {
  // Both empty if all is well; the first 100 of each.
  std::vector<std::string> faults;
  // What reads well, but what bbolt does not write and its code for merging pages would trip over: a branch with a
  // single child, an empty leaf below a branch, a branch's key that is not its child's first one.
  std::vector<std::string> untidy;
  std::uint64_t pages_in_use = 0;  // meta pages and a stored free list included
  std::uint64_t pages_free = 0;
  std::uint64_t buckets = 0;  // not counting the root
  std::uint64_t keys = 0;     // in all buckets, bucket names not counted

  bool clean() const { return faults.empty() && untidy.empty(); }
};

CheckReport check(const ReadTx& tx);
// Opens the file (which takes its lock), checks the newest version, closes it. Errors are those of Db::open().
Result<CheckReport> check_file(base::FileSystem& fs, const std::string& path);

}  // namespace etcd::bolt
