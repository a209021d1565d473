// Methods: how the methods of the services get into the table. Each comes with the rule that says who may call it; there is no way in without one.
//
// The Gate applies the rule before the service looks at the call, as far as it can be applied there: kByKeys and kByLog are for the service, which knows
// the keys, and the state machine, which has the last word. Before the loops run.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "api/auth/callers.h"
#include "rpc/service.h"

namespace etcd::api {

enum class Rule : std::uint8_t {
  kAnybody,  // also who says nothing of who they are: to log in, and to ask whether one has to
  kKnown,    // whoever says who they are
  kAdmin,    // users with the role root
  kByKeys,   // whoever may touch the keys: the service asks Callers for each
  kByLog,    // whoever the state machine lets: the service proposes on the caller's behalf
};

class Methods {
 public:
  // Where the Gate finds the rules, by Method::index.
  using Rules = std::vector<Rule>;

  // All must outlive what is called through the table.
  Methods(rpc::ServiceTable& table, Rules& rules, Callers& callers) : table_(table), rules_(rules), callers_(callers) {}

  // Nearly all answers are small as a rule.
  void add(const char* service, const char* name, Rule rule, rpc::UnaryHandler handler, rpc::AnswerSize answers = rpc::AnswerSize::kSmall);
  void add(const char* service, const char* name, Rule rule, rpc::ServerStreamHandler handler);
  // A stream's messages are its callers' word, one by one: a token that is newer than this member's state is refused, and the client asks again. Only
  // for a signature to be verified the stream's beginning waits.
  void add(const char* service, const char* name, Rule rule, rpc::BidiHandler handler);

 private:
  void set_rule(Rule rule);

  rpc::ServiceTable& table_;
  Rules& rules_;
  Callers& callers_;
};

}  // namespace etcd::api
