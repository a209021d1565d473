// JournalLog: log lines to systemd's journal, with their level as priority.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace etcd::server {

class JournalLog : public base::LogSink {
 public:
  // Lines that the journal doesn't take go to `fallback`. kIo with etcd's text if there is no journal.
  static Result<std::shared_ptr<JournalLog>> open(std::shared_ptr<base::LogSink> fallback,
                                                  const std::string& socket_path = "/run/systemd/journal/socket");
  ~JournalLog() override;
  JournalLog(const JournalLog&) = delete;
  JournalLog& operator=(const JournalLog&) = delete;

  void write(std::string_view line) override;

 private:
  JournalLog(int socket, std::shared_ptr<base::LogSink> fallback) : socket_(socket), fallback_(std::move(fallback)) {}

  const int socket_;
  const std::shared_ptr<base::LogSink> fallback_;
};

}  // namespace etcd::server
