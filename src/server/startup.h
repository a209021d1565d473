// What a starting server looks at and says before it opens anything.
#pragma once

#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/result.h"
#include "server/config.h"

namespace etcd::server {

// The places below --data-dir.
std::string member_dir(const Config& config);
std::string wal_dir(const Config& config);

// Looks into the data folder and says in the log what it found. kInvalid for a folder that is not a member's, or that can't be read.
Status inspect_data_dir(const Config& config, base::FileSystem& files, base::Logger& logger);
// True once the member has a write-ahead log: how it was to be bootstrapped no longer matters.
bool is_member_initialized(const Config& config, base::FileSystem& files);

// The line "starting an etcd server" with the effective settings, under etcd's names.
void log_summary(const Config& config, bool member_initialized, base::Logger& logger);

}  // namespace etcd::server
