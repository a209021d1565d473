// What a Db is made of; for db.cc and the commit.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "bolt/db.h"
#include "bolt/freelist.h"
#include "bolt/version.h"

namespace etcd::bolt {

struct Db::State {
  // Constant after open.
  Options options;
  std::shared_ptr<const Store> store;
  std::string path;

  // The newest version. The mutex is held only to copy or to exchange the pointer.
  mutable std::mutex mutex;
  std::shared_ptr<const Version> newest;

  // The writer's.
  std::optional<FreeList> freelist;
  std::uint64_t file_size = 0;
  bool writing = false;
  // The newest version's meta page is on the disk for sure. Of one that was found at open only its pages are.
  bool newest_is_durable = false;
  std::optional<Error> broken;  // why nothing can be written any more

  std::atomic<std::uint64_t> size_bytes{0};
  std::atomic<std::uint64_t> in_use_bytes{0};

  std::shared_ptr<const Version> newest_version() const {
    const std::lock_guard lock(mutex);
    return newest;
  }
  void publish(std::shared_ptr<const Version> version);
  // Sets the sizes that others may ask for from the newest version and the free list.
  void update_sizes();
};

}  // namespace etcd::bolt
