#include "server/logging.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/go_text.h"
#include "server/journal_log.h"
#include "server/rotating_log.h"

namespace etcd::server {

namespace {

constexpr std::string_view kDefault = "default";
constexpr std::string_view kStandardError = "stderr";
constexpr std::string_view kStandardOutput = "stdout";
constexpr std::string_view kJournal = "systemd/journal";

// A file that others may append to or truncate meanwhile, as logrotate's copytruncate does.
class AppendedFile : public base::LogSink {
 public:
  static Result<std::shared_ptr<base::LogSink>> open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return etcd::fail(Errc::kIo, "open sink " + base::go_quote(path) + ": open " + path + ": " + std::strerror(errno));
    return std::shared_ptr<base::LogSink>(new AppendedFile(descriptor));
  }
  ~AppendedFile() override { ::close(descriptor_); }
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  void write(std::string_view line) override { sink_->write(line); }

 private:
  explicit AppendedFile(int descriptor) : descriptor_(descriptor), sink_(base::fd_log_sink(descriptor)) {}

  const int descriptor_;
  const std::shared_ptr<base::LogSink> sink_;
};

class Tee : public base::LogSink {
 public:
  explicit Tee(std::vector<std::shared_ptr<base::LogSink>> sinks) : sinks_(std::move(sinks)) {}
  void write(std::string_view line) override {
    for (const auto& sink : sinks_) sink->write(line);
  }

 private:
  const std::vector<std::shared_ptr<base::LogSink>> sinks_;
};

// zap takes names in any case, and "" for info.
std::optional<base::LogLevel> parse_level(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  if (lower == "debug") return base::LogLevel::kDebug;
  if (lower == "info" || lower.empty()) return base::LogLevel::kInfo;
  if (lower == "warn" || lower == "warning") return base::LogLevel::kWarn;
  if (lower == "error") return base::LogLevel::kError;
  if (lower == "panic" || lower == "dpanic") return base::LogLevel::kPanic;
  if (lower == "fatal") return base::LogLevel::kFatal;
  return std::nullopt;
}

Result<base::LogFormat> parse_format(const std::string& text) {
  if (text == "json" || text.empty()) return base::LogFormat::kJson;
  if (text == "console") return base::LogFormat::kConsole;
  return fail(Errc::kInvalid, "unknown log format: " + text + ", supported values json, console");
}

bool is_stream(std::string_view output) { return output == kDefault || output == kStandardError || output == kStandardOutput; }

Status check_rotation(const std::set<std::string>& outputs) {
  std::size_t paths = 0;
  for (const std::string& output : outputs) paths += is_stream(output) ? 0 : 1;
  if (paths > 1 || (outputs.size() == 1 && paths == 0)) {
    return fail(Errc::kInvalid, "--log-outputs requires a single file path when --log-rotate-config-json is defined");
  }
  return {};
}

Result<std::shared_ptr<base::LogSink>> open_output(const std::string& output, const std::optional<RotationLimits>& rotation,
                                                   const LogWorld& world) {
  if (output == kDefault || output == kStandardError) return world.standard_error;
  if (output == kStandardOutput) return world.standard_output;
  if (!rotation) return AppendedFile::open(output);
  TRY_ASSIGN(std::shared_ptr<base::LogSink> log, RotatingLog::open(output, *rotation, world.files, world.clock));
  return log;
}

Result<std::shared_ptr<base::LogSink>> open_outputs(const LoggingConfig& config, const LogWorld& world) {
  const std::set<std::string>& outputs = config.outputs;
  if (outputs.size() > 1 && outputs.count(std::string(kDefault)) != 0) {
    return fail(Errc::kInvalid, "multi logoutput for \"default\" is not supported yet");
  }
  std::optional<RotationLimits> rotation;
  if (config.enable_rotation) {
    TRY(check_rotation(outputs));
    TRY_ASSIGN(rotation, RotationLimits::parse(config.rotation_config_json));
  }
  if (outputs.count(std::string(kJournal)) != 0) {
    if (outputs.size() > 1) return fail(Errc::kInvalid, "running with systemd/journal but other '--log-outputs' values are configured too");
    TRY_ASSIGN(std::shared_ptr<base::LogSink> journal, JournalLog::open(world.standard_error));
    return journal;
  }
  std::vector<std::shared_ptr<base::LogSink>> sinks;
  for (const std::string& output : outputs) {
    if (output == "/dev/null") return std::shared_ptr<base::LogSink>(std::make_shared<Tee>(std::vector<std::shared_ptr<base::LogSink>>()));
    TRY_ASSIGN(std::shared_ptr<base::LogSink> sink, open_output(output, rotation, world));
    sinks.push_back(std::move(sink));
  }
  if (sinks.empty()) return world.standard_error;
  return std::shared_ptr<base::LogSink>(std::make_shared<Tee>(std::move(sinks)));
}

}  // namespace

bool is_log_level(std::string_view name) { return parse_level(name).has_value(); }

Result<std::unique_ptr<base::Logger>> make_logger(const LoggingConfig& config, const LogWorld& world) {
  if (config.logger == "capnslog") return fail(Errc::kInvalid, "--logger=capnslog is removed in v3.5");
  if (config.logger != "zap") return fail(Errc::kInvalid, "unknown logger option " + base::go_quote(config.logger));
  const auto level = parse_level(config.level);
  if (!level) return fail(Errc::kInvalid, "unrecognized level: " + base::go_quote(config.level));
  TRY_ASSIGN(const base::LogFormat format, parse_format(config.format));
  TRY_ASSIGN(std::shared_ptr<base::LogSink> sink, open_outputs(config, world));
  auto logger = std::make_unique<base::Logger>(std::move(sink), *level, format, world.clock);
  logger->thin_out();
  return logger;
}

std::unique_ptr<base::Logger> make_default_logger(const LogWorld& world) {
  return std::make_unique<base::Logger>(world.standard_error, base::LogLevel::kInfo, base::LogFormat::kJson, world.clock);
}

}  // namespace etcd::server
