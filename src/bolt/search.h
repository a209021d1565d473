// Finding one key in a bucket's tree, over nodes in memory and pages of the file.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "bolt/cursor.h"
#include "bolt/page.h"

namespace etcd::bolt {

// The element of `key`; nothing if there is none. The bytes live as long as the tree. Errors: kCorrupt.
Result<std::optional<LeafElement>> find_element(const Pages& pages, const TreeRoot& root, std::string_view key);

}  // namespace etcd::bolt
