// Builds the server's logger as the --log-* flags ask.
#pragma once

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/result.h"
#include "server/config.h"

namespace etcd::server {

// What log lines may go to; all must outlive the logger.
struct LogWorld {
  std::shared_ptr<base::LogSink> standard_output;
  std::shared_ptr<base::LogSink> standard_error;
  base::FileSystem& files;
  base::Clock& clock;
};

bool is_log_level(std::string_view name);

// kInvalid with etcd's text for settings that make no sense; kIo for a file that can't be opened or a journal that isn't there.
Result<std::unique_ptr<base::Logger>> make_logger(const LoggingConfig& config, const LogWorld& world);
// Level info, JSON, to standard error: for what is logged before the configuration is known.
std::unique_ptr<base::Logger> make_default_logger(const LogWorld& world);

}  // namespace etcd::server
