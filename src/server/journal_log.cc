#include "server/journal_log.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace etcd::server {

namespace {

// A field of the journal's native protocol: the name, a newline, 64-bit little-endian length, the bytes, a newline.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).push_back('\n');
  const std::uint64_t size = value.size();
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(size >> shift & 0xff));
  out.append(value).push_back('\n');
}

// syslog's number for the level that the line names, in either of its formats.
std::string_view priority_of(std::string_view line) {
  struct Mapping {
    std::string_view json;
    std::string_view console;
    std::string_view priority;
  };
  constexpr Mapping kMappings[] = {{"{\"level\":\"debug\"", "\tdebug\t", "7"}, {"{\"level\":\"info\"", "\tinfo\t", "6"},
                                   {"{\"level\":\"warn\"", "\twarn\t", "4"},   {"{\"level\":\"error\"", "\terror\t", "3"},
                                   {"{\"level\":\"panic\"", "\tpanic\t", "2"}, {"{\"level\":\"fatal\"", "\tfatal\t", "2"}};
  for (const Mapping& mapping : kMappings) {
    if (line.starts_with(mapping.json) || line.substr(0, 64).find(mapping.console) != std::string_view::npos) return mapping.priority;
  }
  return "6";
}

}  // namespace

Result<std::shared_ptr<JournalLog>> JournalLog::open(std::shared_ptr<base::LogSink> fallback, const std::string& socket_path) {
  const auto missing = [&](const char* call) {
    return etcd::fail(Errc::kIo, "can't find journal (dial unixgram " + socket_path + ": " + call + ": " + std::strerror(errno) + ")");
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return missing("connect");
  }
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return missing("socket");
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const auto fault = missing("connect");
    close(descriptor);
    return fault;
  }
  return std::shared_ptr<JournalLog>(new JournalLog(descriptor, std::move(fallback)));
}

JournalLog::~JournalLog() { close(socket_); }

void JournalLog::write(std::string_view line) {
  std::string_view message = line;
  if (message.ends_with('\n')) message.remove_suffix(1);
  std::string datagram;
  append_field(datagram, "MESSAGE", message);
  append_field(datagram, "PRIORITY", priority_of(message));
  append_field(datagram, "SYSLOG_IDENTIFIER", "etcd");
  if (send(socket_, datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) fallback_->write(line);
}

}  // namespace etcd::server
