// What a bucket element's value holds: {root page u64, sequence u64}, and with root page 0 the bucket's only leaf
// page right behind ("inline").
//
// A bucket is inline if it is a single leaf without buckets in it that takes at most a quarter of a page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "bolt/node.h"

namespace etcd::bolt {

std::string bucket_value(PageId root, std::uint64_t sequence);
std::string inline_bucket_value(const Node& leaf, std::uint64_t sequence);
// True if a bucket whose tree is this one node is to be inline.
bool fits_inline(const Node& root, std::uint32_t page_size);

// The tree that a bucket's value points to: PageId(0) if the bucket is inline, nothing if it is no bucket value. An
// inline bucket with buckets inside is none.
std::optional<PageId> bucket_target(std::string_view value);

}  // namespace etcd::bolt
