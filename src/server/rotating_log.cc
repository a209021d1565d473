#include "server/rotating_log.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <vector>

#include "cluster/json_reader.h"

namespace etcd::server {

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kMsPerDay = 24 * 3600 * 1000;

struct SplitName {
  std::string stem;       // "etcd"
  std::string extension;  // ".log"
};

SplitName split_name(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {name, ""};
  return {name.substr(0, dot), name.substr(dot)};
}

std::string time_text(std::int64_t wall_ms, bool local_time) {
  const std::time_t seconds = wall_ms / 1000;
  std::tm parts{};
  local_time ? localtime_r(&seconds, &parts) : gmtime_r(&seconds, &parts);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d-%02d-%02d.%03d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                parts.tm_min, parts.tm_sec, static_cast<int>(wall_ms % 1000));
  return text;
}

// The time in a backup's name, in ms since 1970; nothing if it is not one of ours.
std::optional<std::int64_t> time_of(std::string name, const SplitName& log, bool local_time) {
  const std::string prefix = log.stem + "-";
  if (name.ends_with(LogCompressor::kSuffix)) name.resize(name.size() - LogCompressor::kSuffix.size());
  if (!name.starts_with(prefix) || !name.ends_with(log.extension)) return std::nullopt;
  std::tm parts{};
  int ms = 0;
  int end = 0;
  const char* text = name.c_str() + prefix.size();
  const int fields = std::sscanf(text, "%4d-%2d-%2dT%2d-%2d-%2d.%3d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
                                 &parts.tm_min, &parts.tm_sec, &ms, &end);
  const bool whole = fields == 7 && prefix.size() + static_cast<std::size_t>(end) + log.extension.size() == name.size();
  if (!whole) return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  parts.tm_isdst = -1;
  return std::int64_t{local_time ? std::mktime(&parts) : timegm(&parts)} * 1000 + ms;
}

// A file that is being compressed counts once.
bool is_half_made(const std::string& name, const std::vector<std::string>& names) {
  if (!name.ends_with(LogCompressor::kSuffix)) return false;
  return std::ranges::count(names, name.substr(0, name.size() - LogCompressor::kSuffix.size())) > 0;
}

}  // namespace

Result<RotationLimits> RotationLimits::parse(std::string_view json) {
  const auto reader = cluster::JsonReader::parse(json);
  if (!reader.has_value()) return fail(Errc::kInvalid, "improperly formatted log rotation config: " + reader.error().detail);
  std::uint64_t megabytes = 0;
  RotationLimits limits;
  for (const Status& field : {reader->read("maxsize", megabytes), reader->read("maxage", limits.max_age_days),
                              reader->read("maxbackups", limits.max_backups), reader->read("localtime", limits.local_time),
                              reader->read("compress", limits.compress)}) {
    if (!field.has_value()) return fail(Errc::kInvalid, "invalid log rotation config: " + field.error().detail);
  }
  if (megabytes > UINT32_MAX) return fail(Errc::kInvalid, "invalid log rotation config: maxsize is too large");
  if (megabytes != 0) limits.max_bytes = megabytes * 1024 * 1024;
  return limits;
}

RotatingLog::RotatingLog(std::string path, RotationLimits limits, base::FileSystem& files, base::Clock& clock)
    : path_(std::move(path)), limits_(limits), files_(files), clock_(clock), compressor_(files) {}

Result<std::shared_ptr<RotatingLog>> RotatingLog::open(std::string path, RotationLimits limits, base::FileSystem& files, base::Clock& clock) {
  auto log = std::shared_ptr<RotatingLog>(new RotatingLog(std::move(path), limits, files, clock));
  TRY(log->open_file());
  if (limits.compress) log->compress_old();
  return log;
}

Status RotatingLog::open_file() {
  TRY_ASSIGN(file_, files_.open(path_, base::OpenMode::kCreate));
  TRY_ASSIGN(size_, file_->size());
  return {};
}

void RotatingLog::write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (size_ > 0 && size_ + line.size() > limits_.max_bytes) rotate();
  if (file_ != nullptr && file_->pwrite(size_, line).has_value()) size_ += line.size();
  compressor_.step();
}

// If the file can't be set aside, it goes on growing: better than no log.
void RotatingLog::rotate() {
  const std::string backup = base::join_path(base::parent_path(path_), backup_name());
  if (!files_.rename(path_, backup).has_value()) return;
  if (limits_.compress) compressor_.add(backup);
  file_.reset();
  size_ = 0;
  if (open_file().has_value()) remove_old();
}

// Those that an earlier run of the process has set aside and not compressed.
void RotatingLog::compress_old() {
  const std::string folder = base::parent_path(path_);
  const auto names = files_.list(folder);
  for (const std::string& name : names.has_value() ? *names : std::vector<std::string>()) {
    const bool is_plain = !name.ends_with(LogCompressor::kSuffix);
    if (is_plain && time_of(name, split_name(path_), limits_.local_time)) compressor_.add(base::join_path(folder, name));
  }
}

std::string RotatingLog::backup_name() const {
  const SplitName name = split_name(path_);
  return name.stem + "-" + time_text(clock_.wall_ns() / kNsPerMs, limits_.local_time) + name.extension;
}

void RotatingLog::remove_old() {
  const std::string folder = base::parent_path(path_);
  const auto names = files_.list(folder);
  if (!names.has_value()) return;
  struct Backup {
    std::int64_t wall_ms;
    std::string name;
  };
  std::vector<Backup> backups;
  for (const std::string& name : *names) {
    if (is_half_made(name, *names)) continue;
    if (const auto wall_ms = time_of(name, split_name(path_), limits_.local_time)) backups.push_back({*wall_ms, name});
  }
  std::sort(backups.begin(), backups.end(), [](const Backup& a, const Backup& b) { return a.wall_ms > b.wall_ms; });
  const std::int64_t now_ms = clock_.wall_ns() / kNsPerMs;
  for (std::size_t newer = 0; newer < backups.size(); ++newer) {
    const bool too_many = limits_.max_backups != 0 && newer >= limits_.max_backups;
    const std::int64_t age_days = (now_ms - backups[newer].wall_ms) / kMsPerDay;
    const bool too_old = limits_.max_age_days != 0 && age_days >= 0 && static_cast<std::uint64_t>(age_days) >= limits_.max_age_days;
    if (too_many || too_old) (void)files_.remove(base::join_path(folder, backups[newer].name));
  }
}

}  // namespace etcd::server
