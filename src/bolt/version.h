// Version: one committed state of the db, shared by all who read it. Store: the open file and its mapping, shared by
// all versions.
//
// A Version is immutable. When its last holder lets go of it, on whatever thread, its Pin is marked dead; the writer
// sees that the next time it looks and may then reuse pages that only that version could see.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/file.h"
#include "bolt/meta.h"
#include "bolt/page.h"

namespace etcd::bolt {

struct Store {
  std::unique_ptr<base::File> file;
  std::unique_ptr<base::Mapping> mapping;
};

// Tells the writer that nobody can read a version any more.
struct Pin {
  std::atomic<bool> dead{false};
};

class Version {
 public:
  Version(std::shared_ptr<const Store> store, const Meta& meta)
      : store_(std::move(store)), meta_(meta), pages_(store_->mapping->data(), meta.page_size, meta.high_water) {}
  // Released: all reads through the version come before the writer's reuse of its pages.
  ~Version() { pin_->dead.store(true, std::memory_order_release); }
  Version(const Version&) = delete;
  Version& operator=(const Version&) = delete;

  const Meta& meta() const { return meta_; }
  const Pages& pages() const { return pages_; }
  std::uint64_t size_bytes() const { return meta_.high_water.value * meta_.page_size; }
  std::shared_ptr<const Pin> pin() const { return pin_; }

 private:
  std::shared_ptr<const Store> store_;
  Meta meta_;
  Pages pages_;
  std::shared_ptr<Pin> pin_ = std::make_shared<Pin>();
};

}  // namespace etcd::bolt
