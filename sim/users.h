// Users: an administrator who enables auth, adds users, gives them permissions and takes these away again; and the users themselves, who put what they
// may and what they may not. Who is refused, and who is not, must follow from what the administrator was told.
//
// Nobody asks for permission before a request is proposed: what is executed is for the members to judge, each where it applies the entry.
// An administrator who does not know what became of a change never makes another one to the same user: the first might still come into effect.
//
// Owner: the World.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "auth/identity.h"
#include "base/rng.h"
#include "sim/member.h"

namespace etcd::sim {

// As whom whoever may do everything asks through this node.
auth::Identity root_at(node::LocalNode& node);

class Users {
 public:
  Users(Surroundings& around, std::vector<std::unique_ptr<Member>>& members, std::uint64_t seed)
      : around_(around), members_(members), rng_(seed) {}

  void start();
  // Asks for nothing more.
  void stop() { stopped_ = true; }
  std::uint64_t changes() const { return changes_; }    // acknowledged, of users and of what they may
  std::uint64_t refused() const { return refused_; }    // requests of users
  std::uint64_t executed() const { return executed_; }

 private:
  enum class Right : std::uint8_t { kUnknown, kNone, kWrite };
  // What is known for sure; `turn` grows with every change that is asked for and every answer to one.
  struct Account {
    int number = 0;
    int steps = 0;  // of its making: user, role, the role for the user
    Right right = Right::kNone;
    bool is_left_alone = false;
    std::uint64_t turn = 0;
  };
  enum class Enabled : std::uint8_t { kUnknown, kNo, kYes };
  struct Change {
    node::RequestKind kind;
    std::string request;
    Account* account = nullptr;  // nothing: of auth itself
    Right right = Right::kNone;  // of the account, once it is made
    Enabled enabled = Enabled::kUnknown;
  };
  // What a user asks for, and what was known then.
  struct Visit {
    Account* account;
    Right right;
    bool is_old;  // in the name of users as they were before
    std::uint64_t turn;
    std::uint64_t auth_turn;
  };
  using Answer = std::function<void(const Status&)>;

  void act_later();
  void act();
  bool set_up();
  void make_change(Change change);
  void answered(const Change& change, const Status& outcome);
  Change next_change();
  Change next_change_of(Account& account);
  void visit_later();
  void visit();
  void visited(const Visit& visit, Member& member, const Status& outcome);
  void propose(Member& member, node::RequestKind kind, std::string request, auth::Identity who, Answer done);

  Surroundings& around_;
  std::vector<std::unique_ptr<Member>>& members_;
  base::Rng rng_;
  std::vector<std::unique_ptr<Account>> accounts_;
  int set_up_steps_ = 0;
  Enabled enabled_ = Enabled::kNo;
  bool may_be_disabled_any_time_ = false;  // nobody knows what became of a request for it
  std::uint64_t auth_turn_ = 0;
  bool is_busy_ = false;
  bool stopped_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t executed_ = 0;
};

}  // namespace etcd::sim
