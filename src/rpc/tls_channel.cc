#include "rpc/tls_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace etcd::rpc {

namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;
using Record = std::array<char, kRecordBytes>;

// The way through pieces of output, record by record.
class Pieces {
 public:
  explicit Pieces(std::span<const iovec> pieces) : pieces_(pieces) {}

  bool at_end() const { return pieces_.empty(); }

  // What goes into the next record: of a large piece itself, of small ones a copy in `scratch`.
  std::span<const char> next(Record& scratch) const {
    const std::span<const char> first = rest_of_first();
    if (first.size() >= kRecordBytes) return first.first(kRecordBytes);
    if (pieces_.size() == 1) return first;
    std::size_t size = 0;
    std::size_t skip = offset_;
    for (const iovec& piece : pieces_) {
      const std::size_t part = std::min(piece.iov_len - skip, kRecordBytes - size);
      std::memcpy(scratch.data() + size, static_cast<const char*>(piece.iov_base) + skip, part);
      size += part;
      skip = 0;
      if (size == kRecordBytes) break;
    }
    return {scratch.data(), size};
  }

  void advance(std::size_t bytes) {
    while (bytes > 0) {
      const std::size_t part = std::min(bytes, rest_of_first().size());
      offset_ += part;
      bytes -= part;
      if (offset_ < pieces_.front().iov_len) return;
      offset_ = 0;
      pieces_ = pieces_.subspan(1);
    }
  }

 private:
  std::span<const char> rest_of_first() const {
    const iovec& piece = pieces_.front();
    return {static_cast<const char*>(piece.iov_base) + offset_, piece.iov_len - offset_};
  }

  std::span<const iovec> pieces_;
  std::size_t offset_ = 0;  // in the first
};

class TlsChannel final : public Channel {
 public:
  using Session = tls::Session;

  TlsChannel(Descriptor socket, std::unique_ptr<Session> session)
      : socket_(std::move(socket)), session_(std::move(session)) {}

  int fd() const override { return socket_.get(); }

  Transfer read(std::span<char> out) override {
    const Session::Transfer got = session_->read(out);
    return {outcome_of(got.outcome), got.bytes};
  }

  // A record that the socket did not take whole is asked for again with the next call, which begins with the same
  // bytes: only what is told as written leaves the caller's hands.
  Transfer write(std::span<const iovec> pieces) override {
    Record scratch;
    Pieces rest(pieces);
    std::size_t total = 0;
    while (!rest.at_end()) {
      const Session::Transfer put = session_->write(rest.next(scratch));
      if (put.outcome != Session::Outcome::kDone) {
        return total > 0 ? Transfer{Outcome::kDone, total} : Transfer{outcome_of(put.outcome)};
      }
      total += put.bytes;
      rest.advance(put.bytes);
    }
    return {Outcome::kDone, total};
  }

  void end_output() override {
    session_->close_output();
    shutdown(fd(), SHUT_WR);
  }

  bool has_input() const override { return session_->has_input(); }
  std::string error() const override { return session_->error(); }

 private:
  static Outcome outcome_of(Session::Outcome outcome) {
    switch (outcome) {
      case Session::Outcome::kDone: return Outcome::kDone;
      case Session::Outcome::kWantsInput:
      case Session::Outcome::kWantsOutput: return Outcome::kWouldBlock;
      case Session::Outcome::kEnded:
      case Session::Outcome::kFailed: break;
    }
    return Outcome::kEnded;
  }

  Descriptor socket_;  // before the session, whose last words go there
  std::unique_ptr<Session> session_;
};

}  // namespace

std::unique_ptr<Channel> tls_channel(Descriptor socket, std::unique_ptr<tls::Session> session) {
  return std::make_unique<TlsChannel>(std::move(socket), std::move(session));
}

}  // namespace etcd::rpc
