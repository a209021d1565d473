#include "mvcc/record_reader.h"

#include <algorithm>

#include "mvcc/read_view.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {
namespace {

// From this many on, sorting pays.
constexpr std::size_t kManyRecords = 32;
// A record so few revisions ahead is nearer by stepping than by a search from the root.
constexpr std::int64_t kNear = 24;

struct Wanted {
  RevisionPair revision;
  std::size_t place;
};

class ForwardReader {
 public:
  ForwardReader(const ReadView& view, const bolt::BucketView& keys) : view_(view), cursor_(keys.cursor()) {}

  // Revisions must ascend from call to call.
  Result<std::string_view> read(RevisionPair revision) {
    const RevisionKey key(revision);
    if (!step_to(revision, key.view())) cursor_.seek(key.view());
    at_ = revision;
    if (cursor_.valid() && cursor_.key() == key.view()) return cursor_.value();
    TRY(cursor_.status());
    return view_.read(revision);  // names what is missing
  }

 private:
  bool step_to(RevisionPair revision, std::string_view key) {
    if (!cursor_.valid() || revision.main.value - at_.main.value > kNear) return false;
    for (std::int64_t steps = 0; steps < kNear && cursor_.valid(); ++steps) {
      if (cursor_.key() >= key) return true;
      cursor_.next();
    }
    return false;
  }

  const ReadView& view_;
  bolt::Cursor cursor_;
  RevisionPair at_;  // last revision read
};

}  // namespace

Result<std::vector<std::string_view>> read_records(const ReadView& view, const std::vector<RevisionPair>& revisions) {
  std::vector<std::string_view> records(revisions.size());
  std::vector<Wanted> in_db;
  for (std::size_t i = 0; i < revisions.size(); ++i) {
    if (view.keys() && revisions.size() >= kManyRecords && revisions[i].main <= view.flushed()) {
      in_db.push_back({revisions[i], i});
    } else {
      TRY_ASSIGN(records[i], view.read(revisions[i]));
    }
  }
  if (in_db.empty()) return records;
  std::ranges::sort(in_db, {}, &Wanted::revision);
  ForwardReader reader(view, *view.keys());
  for (const Wanted& wanted : in_db) {
    TRY_ASSIGN(records[wanted.place], reader.read(wanted.revision));
  }
  return records;
}

}  // namespace etcd::mvcc
