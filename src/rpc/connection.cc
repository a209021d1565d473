#include "rpc/connection.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"

namespace etcd::rpc {

namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kReadsAtOnce = 4;    // of one connection in one pass
constexpr int kBatchesAtOnce = 4;  // likewise
constexpr std::size_t kPiecesAtOnce = 64;
constexpr std::int64_t kDrainNotice = 5 * kSecond;  // for the client to hear of the drain
constexpr std::int64_t kLinger = kSecond;           // for the client to read our last words
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::int64_t later(std::int64_t from_ns, std::int64_t by_ns) {
  return by_ns > kNever - from_ns ? kNever : from_ns + by_ns;
}

enum class Guess : std::uint8_t { kYes, kNo, kTooEarly };

// Whether a connection begins with a request line of HTTP/1.
Guess looks_like_http1(std::string_view first) {
  constexpr std::size_t kLongLine = 4096;  // for the parser to judge
  const std::size_t end = first.find('\n');
  const std::string_view line = first.substr(0, end);
  const auto is_text = [](char c) { return static_cast<unsigned char>(c) >= ' ' || c == '\r' || c == '\t'; };
  if (!std::ranges::all_of(line.substr(0, kLongLine), is_text)) return Guess::kNo;
  if (end == std::string_view::npos) return first.size() < kLongLine ? Guess::kTooEarly : Guess::kYes;
  const std::size_t version = line.rfind(" HTTP/1.");
  const bool has_target = version != std::string_view::npos && line.find(' ') < version;
  return has_target ? Guess::kYes : Guess::kNo;
}

}  // namespace

Connection::Connection(Connections& owner, Shard& shard, std::unique_ptr<Channel> channel,
                       std::shared_ptr<const Peer> peer, Serves serves)
    : owner_(owner),
      shard_(shard),
      channel_(std::move(channel)),
      peer_(std::move(peer)),
      serves_(serves),
      interest_(EPOLLIN),
      timer_([this] { check_time(); }),
      opened_ns_(shard.now_ns()),
      read_ns_(shard.now_ns()) {
  shard_.loop().watch(channel_->fd(), interest_, [this](std::uint32_t events) { on_ready(events); });
  keep_time();
}

Connection::~Connection() {
  stage_ = Stage::kDead;
  shard_.loop().unwatch(channel_->fd());
  calls_ = std::monostate{};
}

void Connection::on_ready(std::uint32_t events) {
  if (stage_ == Stage::kDead) return;
  if ((events & EPOLLOUT) != 0) note_output();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
}

void Connection::read_some() {
  for (int i = 0; i < kReadsAtOnce; ++i) {
    const auto got = channel_->read(owner_.read_buffer_);
    if (got.outcome == Channel::Outcome::kWouldBlock) return;
    if (got.outcome == Channel::Outcome::kEnded) return finish_input();
    read_ns_ = shard_.now_ns();
    if (stage_ == Stage::kOpen) receive({owner_.read_buffer_.data(), got.bytes});
    if (stage_ == Stage::kDead || got.bytes < owner_.read_buffer_.size()) return;
  }
  note_unread();
}

// What the channel holds is read in the next pass: no event will tell of it.
void Connection::note_unread() {
  if (!channel_->has_input()) return;
  if (owner_.unread_.empty()) shard_.post([&owner = owner_] { owner.read_unread(); });
  owner_.unread_.push_back(this);
}

// The client has shut its side. One that spoke HTTP/1.1 may still wait for its answer.
void Connection::finish_input() {
  auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_);
  if (h1 != nullptr && stage_ == Stage::kOpen && !input_ended_) {
    input_ended_ = true;
    (*h1)->input_ended();
    return update_interest();
  }
  stage_ = Stage::kDead;
  note_output();
}

void Connection::receive(std::string_view bytes) {
  if (auto* const h2 = std::get_if<std::unique_ptr<H2Calls>>(&calls_)) {
    (*h2)->receive(bytes);
    if (drain_until_ns_ != 0 && (*h2)->answers() > drain_answers_) check_drain(drain_until_ns_);
  } else if (auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_)) {
    (*h1)->receive(bytes);
    keep_time();
    update_interest();
  } else {
    sniff(bytes);
  }
}

// HTTP/2 begins with its preface, HTTP/1 with a request line. What is neither is closed without a word, as etcd does.
void Connection::sniff(std::string_view bytes) {
  first_bytes_.append(bytes);
  const std::size_t known = std::min(first_bytes_.size(), kPreface.size());
  const bool is_h2 = std::string_view(first_bytes_).substr(0, known) == kPreface.substr(0, known);
  if (is_h2 && known < kPreface.size()) return;
  const Guess is_h1 = is_h2 ? Guess::kNo : looks_like_http1(first_bytes_);
  if (is_h1 == Guess::kTooEarly) return;
  const bool is_neither = !is_h2 && is_h1 == Guess::kNo;
  if (is_neither || serves_ == (is_h2 ? Serves::kHttpOnly : Serves::kGrpcOnly)) {
    stage_ = Stage::kDead;
    return note_output();
  }
  const auto note = [this] { note_output(); };
  if (is_h2) {
    calls_ = std::make_unique<H2Calls>(shard_, peer_, serves_ == Serves::kBoth, note);
  } else {
    calls_ = std::make_unique<H1Calls>(shard_, peer_, note);
  }
  const std::string first = std::exchange(first_bytes_, std::string());
  keep_time();
  receive(first);
}

void Connection::note_output() {
  if (std::exchange(noted_, true)) return;
  owner_.noted_.push_back(this);
}

bool Connection::flush() {
  noted_ = more_to_write_ = false;
  if (stage_ == Stage::kDead) return false;
  if (blocked_ != nullptr && !write_out(*blocked_)) return stage_ != Stage::kDead;
  blocked_.reset();
  for (int i = 0; wants_output(); ++i) {
    if (i == kBatchesAtOnce) {
      more_to_write_ = true;
      break;
    }
    OutputBatch& batch = owner_.scratch_;
    produce(batch);
    if (batch.empty()) break;
    if (write_out(batch)) continue;
    if (stage_ == Stage::kDead) return false;
    blocked_ = std::make_unique<OutputBatch>(std::exchange(batch, OutputBatch()));
    break;
  }
  if (blocked_ == nullptr && !more_to_write_ && is_over()) finish_output();
  if (std::holds_alternative<std::unique_ptr<H1Calls>>(calls_)) keep_time();
  update_interest();
  return stage_ != Stage::kDead;
}

// True when all of `batch` was written; it is empty then, and also when the connection broke.
bool Connection::write_out(OutputBatch& batch) {
  std::array<iovec, kPiecesAtOnce> pieces;
  while (!batch.empty()) {
    const std::size_t count = batch.describe(pieces);
    const auto put = channel_->write({pieces.data(), count});
    if (put.outcome == Channel::Outcome::kWouldBlock) return false;
    if (put.outcome == Channel::Outcome::kEnded) {
      batch.clear();
      stage_ = Stage::kDead;
      return false;
    }
    batch.drop(put.bytes);
  }
  return true;
}

// All is said. Closing at once could destroy the last words on their way, if the client has sent something that was not
// read.
void Connection::finish_output() {
  if (stage_ != Stage::kOpen) return;
  if (input_ended_) {
    stage_ = Stage::kDead;
    return;
  }
  stage_ = Stage::kLingering;
  channel_->end_output();
  linger_until_ns_ = shard_.now_ns() + kLinger;
  keep_time();
}

void Connection::produce(OutputBatch& batch) {
  if (auto* const h2 = std::get_if<std::unique_ptr<H2Calls>>(&calls_)) (*h2)->produce(batch);
  if (auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_)) (*h1)->produce(batch);
}

bool Connection::wants_output() const {
  if (stage_ != Stage::kOpen) return false;
  if (const auto* const h2 = std::get_if<std::unique_ptr<H2Calls>>(&calls_)) return (*h2)->wants_output();
  if (const auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_)) return (*h1)->wants_output();
  return false;
}

bool Connection::is_over() const {
  if (const auto* const h2 = std::get_if<std::unique_ptr<H2Calls>>(&calls_)) return (*h2)->is_over();
  if (const auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_)) return (*h1)->is_over();
  return false;
}

bool Connection::wants_input() const {
  if (input_ended_) return false;
  if (const auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_)) return (*h1)->wants_input();
  const auto* const h2 = std::get_if<std::unique_ptr<H2Calls>>(&calls_);
  return h2 == nullptr || blocked_ == nullptr || (*h2)->wants_input();
}

void Connection::update_interest() {
  if (stage_ == Stage::kDead) return;
  const bool output = blocked_ != nullptr || more_to_write_;
  const std::uint32_t wanted = (wants_input() ? std::uint32_t{EPOLLIN} : 0) | (output ? std::uint32_t{EPOLLOUT} : 0);
  if (wanted == interest_) return;
  if ((wanted & ~interest_ & EPOLLIN) != 0) note_unread();
  interest_ = wanted;
  shard_.loop().change(channel_->fd(), wanted);
}

// ---- Time

void Connection::drain() {
  auto* const h2 = std::get_if<std::unique_ptr<H2Calls>>(&calls_);
  if (h2 != nullptr) {
    if (drain_until_ns_ != 0) return;
    drain_until_ns_ = shard_.now_ns() + kDrainNotice;
    drain_answers_ = (*h2)->answers();
    (*h2)->notice_shutdown();
    (*h2)->ping();
    return keep_time();
  }
  if (auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_)) {
    (*h1)->drain();
    if (!(*h1)->is_over()) return;
  }
  stage_ = Stage::kDead;  // nothing under way
  note_output();
}

void Connection::keep_time() {
  const std::int64_t at_ns = next_check_ns();
  if (at_ns == kNever) {
    timer_.cancel();
  } else {
    shard_.loop().timers().start(timer_, at_ns);
  }
}

std::int64_t Connection::next_check_ns() const {
  const Options& options = shard_.options();
  if (stage_ == Stage::kDead) return kNever;
  if (stage_ == Stage::kLingering) return linger_until_ns_;
  if (const auto* const h1 = std::get_if<std::unique_ptr<H1Calls>>(&calls_)) return (*h1)->deadline_ns();
  if (std::holds_alternative<std::monostate>(calls_)) return later(opened_ns_, options.header_timeout_ns);
  const auto& keepalive = options.keepalive_pings;
  const std::int64_t ping_ns =
      ping_sent_ns_ != 0 ? later(ping_sent_ns_, keepalive.timeout_ns) : later(read_ns_, keepalive.after_ns);
  return drain_until_ns_ != 0 ? std::min(ping_ns, drain_until_ns_) : ping_ns;
}

void Connection::check_time() {
  const std::int64_t now_ns = shard_.now_ns();
  if (next_check_ns() <= now_ns) {
    if (stage_ == Stage::kOpen && std::holds_alternative<std::unique_ptr<H2Calls>>(calls_)) {
      check_drain(now_ns);
      check_keepalive(now_ns);
    } else {
      stage_ = Stage::kDead;  // waited long enough: for first bytes, a header, an idle client, or the end of lingering
    }
    note_output();
  }
  keep_time();
}

void Connection::check_keepalive(std::int64_t now_ns) {
  const auto& keepalive = shard_.options().keepalive_pings;
  if (ping_sent_ns_ != 0) {
    if (read_ns_ > ping_sent_ns_) {
      ping_sent_ns_ = 0;
    } else if (now_ns >= later(ping_sent_ns_, keepalive.timeout_ns)) {
      stage_ = Stage::kDead;
    }
  } else if (now_ns >= later(read_ns_, keepalive.after_ns)) {
    ping_sent_ns_ = now_ns;
    std::get<std::unique_ptr<H2Calls>>(calls_)->ping();
  }
}

void Connection::check_drain(std::int64_t now_ns) {
  if (drain_until_ns_ == 0 || now_ns < drain_until_ns_) return;
  drain_until_ns_ = 0;
  std::get<std::unique_ptr<H2Calls>>(calls_)->refuse_new_streams();
}

// ---- All connections of a loop

Connections::Connections(std::shared_ptr<Shard> shard, std::function<void()> on_closed)
    : shard_(std::move(shard)), on_closed_(std::move(on_closed)), read_buffer_(kReadBytes) {
  flush_hook_ = shard_->loop().at_flush([this] { flush(); });
}

Connections::~Connections() {
  close_all();
  shard_->loop().remove_flush_hook(flush_hook_);
}

void Connections::adopt(std::unique_ptr<Channel> channel, std::shared_ptr<const Peer> peer, Serves serves) {
  if (draining_) return on_closed_();
  auto* const connection = new Connection(*this, *shard_, std::move(channel), std::move(peer), serves);
  connection->next_ = first_;
  if (first_ != nullptr) first_->previous_ = connection;
  first_ = connection;
  shard_->count_connection(/*opened=*/true);
  connection->note_unread();
}

void Connections::read_unread() {
  for (Connection* connection : std::exchange(unread_, {})) {
    if ((connection->interest_ & EPOLLIN) != 0) connection->on_ready(EPOLLIN);
  }
}

// What is flushed may answer others, whose output then goes out in the same pass.
void Connections::flush() {
  while (!noted_.empty()) {
    flushing_.swap(noted_);
    for (Connection* connection : flushing_) {
      if (!connection->flush()) destroy(connection);
    }
    flushing_.clear();
  }
  shard_->end_pass();
}

void Connections::destroy(Connection* connection) {
  if (connection->previous_ != nullptr) connection->previous_->next_ = connection->next_;
  if (connection->next_ != nullptr) connection->next_->previous_ = connection->previous_;
  if (first_ == connection) first_ = connection->next_;
  std::erase(noted_, connection);
  if (!unread_.empty()) std::erase(unread_, connection);
  connection->noted_ = true;  // its calls' last words go nowhere
  delete connection;
  shard_->count_connection(/*opened=*/false);
  on_closed_();
}

void Connections::drain() {
  draining_ = true;
  for (Connection* connection = first_; connection != nullptr; connection = connection->next_) connection->drain();
}

void Connections::close_all() {
  draining_ = true;
  noted_.clear();
  while (first_ != nullptr) destroy(first_);
  noted_.clear();
}

}  // namespace etcd::rpc
