// Context: the certificates, keys and rules of one side of TLS, made from files that are read again when they change.
//
// Owner: shared by all who begin sessions; any thread. At most once a second a beginning session looks at the files;
// if one has changed they are all read anew, on that thread. What can't be read or doesn't fit together leaves the
// ones before in force, is logged and tried again every second. Sessions under way keep what they began with.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "tls/session.h"
#include "tls/settings.h"

namespace etcd::tls {

// Which end of a connection.
enum class Role : std::uint8_t { kServer, kClient };

class Context {
 public:
  // Called on the thread that has read them, with a lock held: to count.
  struct Events {
    std::function<void()> reloaded = {};
    std::function<void()> reload_failed = {};
  };

  // `clock` and `logger` must outlive it. kIo and kInvalid, saying which file, and in Go's words where it has some.
  static Result<std::shared_ptr<Context>> open(Role role, Settings settings, Events events, base::Clock& clock,
                                               base::Logger& logger);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // The server's end over `fd`, which is non-blocking and outlives the session.
  std::unique_ptr<Session> accept(int fd, Session::Protocols protocols);
  // The client's end; the server must have a certificate for `server_name`, a name or an address.
  std::unique_ptr<Session> connect(int fd, std::string server_name);

 private:
  struct Stamp;

  Context(Role role, Settings settings, Events events, base::Clock& clock, base::Logger& logger);
  std::shared_ptr<const Loaded> current();
  std::vector<Stamp> stamps() const;
  void refresh();

  const Role role_;
  const Settings settings_;
  const Events events_;
  base::Clock& clock_;
  base::Logger& logger_;

  std::mutex mutex_;
  std::shared_ptr<const Loaded> loaded_;  // under mutex_, as all below
  std::vector<Stamp> stamps_;
  std::int64_t looked_ns_ = 0;
  bool failed_ = false;  // stamps_ are of files that could not be used
};

}  // namespace etcd::tls
