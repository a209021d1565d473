// LogCompressor: compresses log files that were set aside, a piece at a time, so that no line of the log waits for long:
// etcd-2026-01-02T03-04-05.678.log -> etcd-2026-01-02T03-04-05.678.log.gz.
//
// Owner: RotatingLog, under its mutex. Each piece is a gzip member of its own. A file is removed once all of it is in the other; what is
// cut short by the end of the process begins anew. One that can't be compressed stays as it is.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"

namespace etcd::server {

class LogCompressor {
 public:
  static constexpr std::string_view kSuffix = ".gz";

  // `files` must outlive it.
  explicit LogCompressor(base::FileSystem& files) : files_(files) {}

  void add(std::string path) { waiting_.push_back(std::move(path)); }
  // One piece: about a millisecond. False if there was nothing to do.
  bool step();

 private:
  Status begin();
  Status compress_piece();
  void give_up();
  void end();

  base::FileSystem& files_;
  std::deque<std::string> waiting_;  // the first is being worked on
  std::unique_ptr<base::File> source_;
  std::unique_ptr<base::File> target_;
  std::uint64_t read_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace etcd::server
