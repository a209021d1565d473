// Client: asks one thing after the other, waits for each answer as long as it likes, and writes down what it was told.
//
// Owner: the World.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/history.h"
#include "sim/member.h"
#include "sim/requests.h"

namespace etcd::sim {

// What the clients of a world share.
struct Service {
  Surroundings& around;
  std::vector<std::unique_ptr<Member>>& members;
  History& history;
  std::uint64_t values = 0;  // numbers given out
};

class Client {
 public:
  Client(Service& service, int number, std::uint64_t seed);

  void start();
  // Finishes what it is at, and asks nothing more.
  void stop() { stopped_ = true; }
  // After stop().
  void go_on();
  bool is_idle() const { return call_ == nullptr; }
  // Its connection breaks.
  void member_ended(const Member& member);

  // Asks for the key, linearizably, through this member, whatever else it does; `done` learns whether there was an answer.
  void get_now(int key, Member& member, base::UniqueFunction<void(bool)> done);
  void put_now(int key, Member& member, base::UniqueFunction<void(bool)> done);

 private:
  using Kind = RegisterOperation::Kind;
  struct Call {
    std::size_t number;
    Member* member;
    std::uint64_t life;
    Kind kind;
    int key;
    bool over = false;
    base::UniqueFunction<void(bool)> done;
  };
  using CallRef = std::shared_ptr<Call>;

  void ask_later();
  void ask();
  Member* pick_member();
  CallRef begin(Member& member, Kind kind, int key);
  void write(Member& member, Kind kind, int key, base::UniqueFunction<void(bool)> done = {});
  void get(Member& member, int key, base::UniqueFunction<void(bool)> done = {});
  void look_back(Member& member, int key);
  void read(const CallRef& call);
  void answered(const CallRef& call, Result<base::Rope> response);
  void failed(const CallRef& call, const Error& error);
  void end(const CallRef& call, bool is_answered);
  std::int64_t patience_ns();

  Service& service_;
  int number_;
  base::Rng rng_;
  Member* member_ = nullptr;
  CallRef call_;
  std::map<int, std::optional<std::string>> found_;  // by key, what it last saw
  bool stopped_ = false;
};

}  // namespace etcd::sim
