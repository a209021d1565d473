#include "tls/context.h"

#include <sys/stat.h>

#include <utility>

#include "base/url.h"
#include "tls/loaded.h"

namespace etcd::tls {

namespace {

constexpr std::int64_t kLookEvery = 1'000'000'000;

}  // namespace

// Which file a path leads to, and whether it is still as it was.
struct Context::Stamp {
  bool exists = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  static Stamp of(const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) return {};
    const auto ns = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
    return {true, file.st_dev, file.st_ino, file.st_size, ns(file.st_mtim), ns(file.st_ctim)};
  }
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

Context::Context(Role role, Settings settings, Events events, base::Clock& clock, base::Logger& logger)
    : role_(role), settings_(std::move(settings)), events_(std::move(events)), clock_(clock), logger_(logger) {}

Context::~Context() = default;

Result<std::shared_ptr<Context>> Context::open(Role role, Settings settings, Events events, base::Clock& clock,
                                               base::Logger& logger) {
  std::shared_ptr<Context> context(new Context(role, std::move(settings), std::move(events), clock, logger));
  context->stamps_ = context->stamps();
  context->looked_ns_ = clock.monotonic_ns();
  TRY_ASSIGN(context->loaded_, load(role, context->settings_));
  return context;
}

std::unique_ptr<Session> Context::accept(int fd, Session::Protocols protocols) {
  std::unique_ptr<Session> session(new Session(current(), fd, /*accepts=*/true));
  session->protocols_ = protocols;
  return session;
}

std::unique_ptr<Session> Context::connect(int fd, std::string server_name) {
  std::unique_ptr<Session> session(new Session(current(), fd, /*accepts=*/false));
  // SNI is for names, not for addresses.
  if (!base::is_ip_address(server_name)) SSL_set_tlsext_host_name(session->ssl_.get(), server_name.c_str());
  session->expected_name_ = std::move(server_name);
  return session;
}

std::shared_ptr<const Loaded> Context::current() {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (now_ns - looked_ns_ >= kLookEvery) {
    looked_ns_ = now_ns;
    refresh();
  }
  return loaded_;
}

std::vector<Context::Stamp> Context::stamps() const {
  std::vector<Stamp> all;
  for (const std::string& file : files_of(role_, settings_)) all.push_back(Stamp::of(file));
  return all;
}

// The stamps are taken before the files are read: what changes in between is seen the next time.
void Context::refresh() {
  std::vector<Stamp> now = stamps();
  const bool changed = now != stamps_;
  if (!changed && !failed_) return;
  stamps_ = std::move(now);
  auto loaded = load(role_, settings_);
  const char* const use = role_ == Role::kServer ? "accepting" : "connecting";
  const auto files = files_of(role_, settings_);
  if (loaded) {
    loaded_ = std::move(*loaded);
    failed_ = false;
    logger_.info("reloaded TLS files", {{"use", use}, {"files", files}});
    if (events_.reloaded) events_.reloaded();
    return;
  }
  if (changed) {
    logger_.warn("failed to reload TLS files; those before stay in force",
                 {{"use", use}, {"files", files}, base::LogField(loaded.error())});
    if (events_.reload_failed) events_.reload_failed();
  }
  failed_ = true;
}

}  // namespace etcd::tls
