// SnapshotReceiver: takes in the db that travels beside a leader's snapshot. The bytes go to a temporary file; only a complete, checked and durable
// one gets the name under which the installation looks for it (apply/snapshot.h), so that raft never hears of a snapshot whose db is not there.
//
// Owner: whoever receives; one thread at a time; blocks for the disk. Errors: kIo, kNoSpace; kCorrupt and kUnsupported if the db is not what the
// snapshot says. One that is dropped before finish() leaves nothing behind; after a power cut the next start removes what is left.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "bolt/db.h"
#include "raft/types.h"

namespace etcd::node {

class SnapshotReceiver {
 public:
  struct Options {
    std::string snap_folder;
    bolt::Options db;
    std::uint64_t number = 0;  // of this reception, unlike that of any other at the same time
  };

  static Result<std::unique_ptr<SnapshotReceiver>> begin(base::FileSystem& files, const Options& options, const raft::SnapshotMetadata& metadata);
  ~SnapshotReceiver();
  SnapshotReceiver(const SnapshotReceiver&) = delete;
  SnapshotReceiver& operator=(const SnapshotReceiver&) = delete;

  // Appends the next bytes of the db.
  Status write(std::string_view bytes);
  // There are no more. After success the db is durable under its name, and raft may be given the message.
  Status finish();

 private:
  SnapshotReceiver(base::FileSystem& files, const Options& options, const raft::SnapshotMetadata& metadata);

  base::FileSystem& files_;
  Options options_;
  raft::SnapshotMetadata metadata_;
  std::string path_;
  std::unique_ptr<base::File> file_;  // none once it is finished
  std::uint64_t written_ = 0;
};

}  // namespace etcd::node
