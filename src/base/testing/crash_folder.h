// The names in one folder on a CrashFs: as they are now, and as a power cut could leave them.
//
// Owner: CrashFs, under its mutex.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/rng.h"
#include "base/testing/crash_contents.h"
#include "base/testing/crash_policy.h"

namespace etcd::base {

class CrashFolder;
using CrashNode = std::variant<std::shared_ptr<CrashContents>, std::shared_ptr<CrashFolder>>;

class CrashFolder {
 public:
  using Entries = std::map<std::string, CrashNode>;

  const Entries& entries() const { return now_; }
  // Nothing if there is no such name.
  std::optional<CrashNode> find(const std::string& name) const;

  void link(const std::string& name, CrashNode node);
  void unlink(const std::string& name);
  // `from` must be there; what `to` named is dropped.
  void rename(const std::string& from, const std::string& to);
  void sync();
  // A sync that failed: any of the changes may have become durable, and none is written later.
  void fail_sync(Rng& rng);
  // Also everything below.
  void sync_all();

  // What is left of the folder and all below it after a power cut.
  std::shared_ptr<CrashFolder> after_crash(const std::string& path, const CrashPolicy& policy) const;

 private:
  // `name` now means `node` or nothing; in a rename `removed` went away in the same moment.
  struct Change {
    std::string name;
    std::optional<CrashNode> node;
    std::string removed;
  };

  static void apply(const Change& change, Entries& entries);
  void note(Change change);
  // The changes in groups that share a name, directly or through renames: each group survives on its own, in order.
  std::vector<std::vector<const Change*>> groups() const;
  Entries survivors(const std::string& path, const CrashPolicy& policy) const;

  Entries now_;
  Entries durable_;
  std::vector<Change> changes_;
};

}  // namespace etcd::base
