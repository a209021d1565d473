#include "bolt/reachable.h"

#include "bolt/page_walk.h"
#include "bolt/stored_freelist.h"

namespace etcd::bolt {

Result<PageSet> reachable_pages(const Pages& pages, const Meta& meta) {
  PageSet reachable;
  TRY_ASSIGN(const auto list, stored_freelist(pages, meta));
  if (list) reachable.insert(list->page, list->pages);
  PageWalk walk(pages, meta.root);
  while (walk.next()) {
    if (!reachable.insert(walk.page(), walk.count())) {
      return fail(Errc::kCorrupt, "db: page " + std::to_string(walk.page().value) + " is in use twice");
    }
  }
  TRY(walk.status());
  return reachable;
}

}  // namespace etcd::bolt
