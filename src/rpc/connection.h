// Connection: one accepted socket. Finds out by the first bytes which HTTP it speaks, carries bytes between it and
// H2Calls or H1Calls, and keeps time: for the first bytes, for keepalive, for draining.
//
// Owner: Connections, on one loop. Output is written once for each pass of the loop, in flush(). Input stops being read
// while the socket is blocked and much output waits for it. An idle connection holds no buffers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rpc/channel.h"
#include "rpc/h1_calls.h"
#include "rpc/h2_calls.h"
#include "rpc/output.h"
#include "rpc/server.h"
#include "rpc/shard.h"
#include "rpc/timer_wheel.h"

namespace etcd::rpc {

class Connections;

class Connection {
 public:
  Connection(Connections& owner, Shard& shard, std::unique_ptr<Channel> channel, std::shared_ptr<const Peer> peer,
             Serves serves);
  // Cancels its calls and closes the socket.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Writes what has gathered. False once the connection is over and should be destroyed.
  bool flush();
  // Lets running calls end and then the connection.
  void drain();

 private:
  friend class Connections;

  enum class Stage : std::uint8_t { kOpen, kLingering, kDead };

  void on_ready(std::uint32_t events);
  void read_some();
  void note_unread();
  void finish_input();
  void receive(std::string_view bytes);
  void sniff(std::string_view bytes);
  void note_output();
  void produce(OutputBatch& batch);
  bool wants_output() const;
  bool is_over() const;
  bool write_out(OutputBatch& batch);
  void finish_output();
  void update_interest();
  bool wants_input() const;

  void keep_time();
  void check_time();
  std::int64_t next_check_ns() const;
  void check_keepalive(std::int64_t now_ns);
  void check_drain(std::int64_t now_ns);

  Connections& owner_;
  Shard& shard_;
  std::unique_ptr<Channel> channel_;
  std::shared_ptr<const Peer> peer_;
  Serves serves_;
  Stage stage_ = Stage::kOpen;
  std::variant<std::monostate, std::unique_ptr<H2Calls>, std::unique_ptr<H1Calls>> calls_;
  std::string first_bytes_;               // while it is not known what they are
  std::unique_ptr<OutputBatch> blocked_;  // what the socket did not take
  std::uint32_t interest_;                // epoll's events
  bool input_ended_ = false;              // the client has shut its side
  bool noted_ = false;                    // in the owner's list for flush()
  bool more_to_write_ = false;            // flush() stopped for the sake of others

  Timer timer_;
  std::int64_t opened_ns_;
  std::int64_t read_ns_;
  std::int64_t ping_sent_ns_ = 0;    // 0: none is outstanding
  std::int64_t drain_until_ns_ = 0;  // when new streams are refused; 0: not draining, or done
  std::uint64_t drain_answers_ = 0;  // H2Calls::answers() before the drain's ping
  std::int64_t linger_until_ns_ = 0;
  Connection* next_ = nullptr;  // in the owner's list of all
  Connection* previous_ = nullptr;
};

// All connections of one loop. Owner: the server; lives and dies on the loop's thread, or while no loop runs.
class Connections {
 public:
  explicit Connections(std::shared_ptr<Shard> shard, std::function<void()> on_closed);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void adopt(std::unique_ptr<Channel> channel, std::shared_ptr<const Peer> peer, Serves serves);
  // Drains all; new ones are closed at once.
  void drain();
  void close_all();
  bool empty() const { return first_ == nullptr; }

 private:
  friend class Connection;

  void flush();
  void read_unread();
  void destroy(Connection* connection);

  std::shared_ptr<Shard> shard_;
  std::function<void()> on_closed_;
  std::uint64_t flush_hook_;
  Connection* first_ = nullptr;
  std::vector<Connection*> noted_;     // have output
  std::vector<Connection*> flushing_;  // flush() is at them
  std::vector<Connection*> unread_;    // have input that their descriptors don't show
  OutputBatch scratch_;
  std::vector<char> read_buffer_;
  bool draining_ = false;
};

}  // namespace etcd::rpc
