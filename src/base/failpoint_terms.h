// FailTerms: what a failpoint does, in the language of etcd's own (gofail 0.2):
//
//   terms    = term { "->" term }
//   term     = { percent "%" | count "*" } action [ "(" value ")" ]
//   action   = off | return | sleep | panic | print | break
//   value    = a Go string in double quotes | an integer | true | false | nothing
//
// Whoever comes by does the first term whose modifiers all allow it: a count is used up, a percentage is drawn. None: nothing happens.
//
// Owner: Failpoints. Value type.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace etcd::base {

enum class FailAction : std::uint8_t { kOff, kReturn, kSleep, kPanic, kPrint, kBreak };

using FailValue = std::variant<std::monostate, std::string, std::int64_t, bool>;

class FailTerms {
 public:
  struct Step {
    FailAction action = FailAction::kOff;
    FailValue value = {};
  };

  // kInvalid if `text` is not in the language.
  static Result<FailTerms> parse(std::string_view text);

  // Whose turn it is; nothing happens if it is off. `draw` gives a number in [0, 1).
  Step next(const std::function<double()>& draw);

  const std::string& text() const { return text_; }
  // How many times a term had its turn.
  std::uint64_t count() const { return count_; }

 private:
  struct Times {
    std::uint64_t left;
  };
  struct Chance {
    double of_one;
  };
  using Modifier = std::variant<Times, Chance>;
  struct Term {
    std::vector<Modifier> modifiers = {};
    Step step = {};
  };
  class Parser;

  static bool allows(Term& term, const std::function<double()>& draw);

  std::string text_;
  std::vector<Term> chain_;
  std::uint64_t count_ = 0;
};

}  // namespace etcd::base
