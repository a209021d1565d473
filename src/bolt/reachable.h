// Which pages a version of the db uses.
#pragma once

#include "base/result.h"
#include "bolt/meta.h"
#include "bolt/page.h"
#include "bolt/page_set.h"

namespace etcd::bolt {

// The pages of all buckets and of a stored free list; the two meta pages are not among them. Visits every page.
// Errors: kCorrupt, also if a page is used twice.
Result<PageSet> reachable_pages(const Pages& pages, const Meta& meta);

}  // namespace etcd::bolt
