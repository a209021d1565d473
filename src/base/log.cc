#include "base/log.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/wire.h"

namespace etcd::base {

namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
    case LogLevel::kPanic: return "panic";
    case LogLevel::kFatal: return "fatal";
  }
  return "info";
}

// How many bytes at the front of `text` are one well-formed UTF-8 character; 0 if none.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

void append_escaped_ascii(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (static_cast<unsigned char>(c) >= 0x20) {
    out.push_back(c);
    return;
  }
  out += "\\u00";
  out.push_back(kHex[c >> 4 & 0xf]);
  out.push_back(kHex[c & 0xf]);
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, text);
  }
  out.push_back(']');
  return out;
}

std::string json_number(double value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"+Inf\"" : "\"-Inf\"";
  char digits[512];  // 1e308 has 309 digits, 5e-324 some 330
  const auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed);
  return std::string(digits, end.ptr);
}

// "dir/file.cc:line" from a path of any length.
std::string caller_of(const SourcePlace& place) {
  std::string_view path = place.file_name();
  const std::size_t file = path.rfind('/');
  if (file != std::string_view::npos && file > 0) {
    const std::size_t folder = path.rfind('/', file - 1);
    if (folder != std::string_view::npos) path.remove_prefix(folder + 1);
  }
  return std::string(path) + ":" + std::to_string(place.line());
}

struct Line {
  LogLevel level;
  std::string time;
  std::string caller;
  std::string_view message;
  const Logger::Fields& fields;
};

std::string json_line(const Line& line) {
  std::string out = "{\"level\":\"";
  out.append(name_of(line.level)).append("\",\"ts\":\"").append(line.time).append("\",\"caller\":");
  append_json_string(out, line.caller);
  out += ",\"msg\":";
  append_json_string(out, line.message);
  for (const LogField& field : line.fields) out.append(",").append(field.encoded());
  out += "}\n";
  return out;
}

// zap's console encoding: columns between tabs, the fields as JSON with a space after each colon and comma.
std::string console_line(const Line& line) {
  std::string out = line.time;
  out.append("\t").append(name_of(line.level)).append("\t").append(line.caller).append("\t").append(line.message);
  const char* before = "\t{";
  for (const LogField& field : line.fields) {
    const std::string_view encoded = field.encoded();
    out.append(before).append(encoded.substr(0, encoded.size() - field.value().size())).append(" ");
    out.append(field.value());
    before = ", ";
  }
  out += line.fields.empty() ? "\n" : "}\n";
  return out;
}

class NullSink : public LogSink {
 public:
  void write(std::string_view) override {}
};

// A line that can't be written is lost: there is nobody left to tell.
class FdSink : public LogSink {
 public:
  explicit FdSink(int descriptor) : descriptor_(descriptor) {}

  void write(std::string_view line) override {
    while (!line.empty()) {
      const ssize_t n = ::write(descriptor_, line.data(), line.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      line.remove_prefix(static_cast<std::size_t>(n));
    }
  }

 private:
  int descriptor_;
};

}  // namespace

std::string log_time(std::int64_t wall_ns) {
  using namespace std::chrono;
  const sys_time<microseconds> now(floor<microseconds>(nanoseconds(wall_ns)));
  const auto day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss time(now - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", int(date.year()), unsigned(date.month()),
                unsigned(date.day()), int(time.hours().count()), int(time.minutes().count()),
                int(time.seconds().count()), int(time.subseconds().count()));
  return text;
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) {
      out += "\\ufffd";
    } else if (length == 1) {
      append_escaped_ascii(out, text.front());
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out.push_back('"');
}

LogField::LogField(std::string_view key, std::string_view json, Raw) {
  append_json_string(encoded_, key);
  encoded_.push_back(':');
  value_at_ = encoded_.size();
  encoded_.append(json);
}

LogField::LogField(std::string_view key, std::string_view text) : LogField(key, json_string(text), Raw{}) {}
LogField::LogField(std::string_view key, bool value) : LogField(key, value ? "true" : "false", Raw{}) {}
LogField::LogField(std::string_view key, double value) : LogField(key, json_number(value), Raw{}) {}
LogField::LogField(std::string_view key, const std::vector<std::string>& texts)
    : LogField(key, json_strings(texts), Raw{}) {}
LogField::LogField(const Error& error) : LogField("error", std::string_view(describe(error))) {}

Logger::Logger(std::shared_ptr<LogSink> sink, LogLevel level, LogFormat format, Clock& clock)
    : sink_(std::move(sink)), level_(level), format_(format), clock_(clock) {}

void Logger::log(LogLevel level, const LogMessage& message, const Fields& fields) {
  if (!enabled(level)) return;
  const std::int64_t now_ns = clock_.wall_ns();
  if (sampler_ && level < LogLevel::kPanic && !sampler_->take(static_cast<unsigned>(level), message.text, now_ns)) return;
  const Line line{level, log_time(now_ns), caller_of(message.place), message.text, fields};
  sink_->write(format_ == LogFormat::kJson ? json_line(line) : console_line(line));
}

void Logger::fatal(const LogMessage& message, const Fields& fields) {
  log(LogLevel::kFatal, message, fields);
  if (on_fatal_) on_fatal_();
  std::_Exit(1);
}

Logger& null_logger() {
  static Logger logger(std::make_shared<NullSink>(), LogLevel::kFatal, LogFormat::kJson, system_clock());
  return logger;
}

std::shared_ptr<LogSink> fd_log_sink(int fd) { return std::make_shared<FdSink>(fd); }

}  // namespace etcd::base
