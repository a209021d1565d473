// RotatingLog: a log file that is set aside under a dated name when it has grown to its limit: etcd.log -> etcd-2026-01-02T03-04-05.678.log.
//
// Safe from any thread; lines are written whole. Old files over the limits of number and age are removed when a new one is begun. A line that
// can't be written is lost, as with every log sink.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/result.h"
#include "server/log_compressor.h"

namespace etcd::server {

struct RotationLimits {
  std::uint64_t max_bytes = 100 * 1024 * 1024;
  std::uint64_t max_age_days = 0;  // 0: none
  std::uint64_t max_backups = 0;   // 0: none
  bool local_time = false;         // in the names of files set aside
  bool compress = false;           // files set aside, as lines are written

  // Reads --log-rotation-config-json. kInvalid.
  static Result<RotationLimits> parse(std::string_view json);
};

class RotatingLog : public base::LogSink {
 public:
  // Goes on with the file at `path` if there is one. `files` and `clock` must outlive the log.
  static Result<std::shared_ptr<RotatingLog>> open(std::string path, RotationLimits limits, base::FileSystem& files, base::Clock& clock);

  void write(std::string_view line) override;

 private:
  RotatingLog(std::string path, RotationLimits limits, base::FileSystem& files, base::Clock& clock);

  Status open_file();
  void rotate();
  void compress_old();
  void remove_old();
  std::string backup_name() const;

  const std::string path_;
  const RotationLimits limits_;
  base::FileSystem& files_;
  base::Clock& clock_;

  std::mutex mutex_;  // guards what follows
  std::unique_ptr<base::File> file_;
  std::uint64_t size_ = 0;
  LogCompressor compressor_;
};

}  // namespace etcd::server
