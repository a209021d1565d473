// Structured logging in the shape of etcd's zap lines: {"level":"info","ts":"2026-01-02T03:04:05.123456Z","caller":"wal/wal.cc:88","msg":"…",…}
//
// A Logger is handed to whoever logs; there is no global one. Safe from any thread; a line is written whole with one write.
// Levels as etcd's: debug, info, warn, error, fatal. etcd's own tests accept no line of level error in normal operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/log_sampler.h"

namespace etcd::base {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError, kPanic, kFatal };

// One field of a line, already encoded as JSON: "key":value.
class LogField {
 public:
  LogField(std::string_view key, std::string_view text);
  LogField(std::string_view key, const char* text) : LogField(key, std::string_view(text)) {}
  LogField(std::string_view key, const std::string& text) : LogField(key, std::string_view(text)) {}
  LogField(std::string_view key, bool value);
  LogField(std::string_view key, double value);
  LogField(std::string_view key, const std::vector<std::string>& texts);
  template <typename Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
  LogField(std::string_view key, Integer value) : LogField(key, std::to_string(value), Raw{}) {}
  template <typename Tag, typename Number>
  LogField(std::string_view key, Id<Tag, Number> id) : LogField(key, std::to_string(id.value), Raw{}) {}
  // The text of an error under the key "error".
  explicit LogField(const Error& error);
  // `json` is put in as it is.
  static LogField raw(std::string_view key, std::string_view json) { return LogField(key, json, Raw{}); }

  const std::string& encoded() const { return encoded_; }
  // The part of encoded() after `"key":`.
  std::string_view value() const { return std::string_view(encoded_).substr(value_at_); }

 private:
  struct Raw {};
  LogField(std::string_view key, std::string_view json, Raw);

  std::string encoded_;
  std::size_t value_at_;
};

// A place in the source; current() as a default argument is the caller's. (clang 14, which builds the fuzz targets, has no
// std::source_location.)
class SourcePlace {
 public:
  static constexpr SourcePlace current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return SourcePlace(file, line);
  }
  constexpr const char* file_name() const { return file_; }
  constexpr int line() const { return line_; }

 private:
  constexpr SourcePlace(const char* file, int line) : file_(file), line_(line) {}

  const char* file_;
  int line_;
};

// A message with the place it was logged from; made implicitly from a string at the call.
struct LogMessage {
  std::string_view text;
  SourcePlace place;

  LogMessage(const char* message, SourcePlace from = SourcePlace::current())  // NOLINT(google-explicit-constructor)
      : text(message), place(from) {}
  LogMessage(std::string_view message, SourcePlace from = SourcePlace::current())  // NOLINT(google-explicit-constructor)
      : text(message), place(from) {}
  LogMessage(const std::string& message, SourcePlace from = SourcePlace::current())  // NOLINT(google-explicit-constructor)
      : text(message), place(from) {}
};

// Where finished lines go. write() is called from any thread with one whole line that ends in '\n'.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(std::string_view line) = 0;
};

enum class LogFormat : std::uint8_t { kJson, kConsole };

class Logger {
 public:
  using Fields = std::vector<LogField>;

  // `clock` must outlive the logger.
  Logger(std::shared_ptr<LogSink> sink, LogLevel level, LogFormat format, Clock& clock);

  bool enabled(LogLevel level) const { return level >= level_; }
  LogLevel level() const { return level_; }
  void debug(const LogMessage& message, const Fields& fields = {}) { log(LogLevel::kDebug, message, fields); }
  void info(const LogMessage& message, const Fields& fields = {}) { log(LogLevel::kInfo, message, fields); }
  void warn(const LogMessage& message, const Fields& fields = {}) { log(LogLevel::kWarn, message, fields); }
  void error(const LogMessage& message, const Fields& fields = {}) { log(LogLevel::kError, message, fields); }
  // Logs at level fatal and ends the process with exit code 1 (or as on_fatal() says).
  [[noreturn]] void fatal(const LogMessage& message, const Fields& fields = {});
  // What fatal() does instead of ending the process: throw. For tests and the simulator, in which one member dies and the others go on.
  // Set before the logger is shared.
  void on_fatal(std::function<void()> thrower) { on_fatal_ = std::move(thrower); }
  // From now on equal lines are thinned out (base/log_sampler.h), but those that a process ends with. Set before the logger is shared.
  void thin_out() { sampler_ = std::make_unique<LogSampler>(); }
  // How many lines were left out.
  std::uint64_t left_out() const { return sampler_ ? sampler_->dropped() : 0; }

 private:
  void log(LogLevel level, const LogMessage& message, const Fields& fields);

  std::shared_ptr<LogSink> sink_;
  LogLevel level_;
  LogFormat format_;
  Clock& clock_;
  std::function<void()> on_fatal_;
  std::unique_ptr<LogSampler> sampler_;  // null: every line is written
};

// A logger that drops everything: for tests and tools.
Logger& null_logger();
// `text` between quotes, escaped as zap does: invalid UTF-8 becomes \ufffd.
void append_json_string(std::string& out, std::string_view text);
// "2026-01-02T03:04:05.123456Z": a time as lines carry it, from nanoseconds since 1970.
std::string log_time(std::int64_t wall_ns);
// Writes to an open file descriptor, which is not closed.
std::shared_ptr<LogSink> fd_log_sink(int fd);

}  // namespace etcd::base
