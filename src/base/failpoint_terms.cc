#include "base/failpoint_terms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace etcd::base {

namespace {

constexpr std::array<std::pair<std::string_view, FailAction>, 6> kActions = {{
    {"off", FailAction::kOff},
    {"return", FailAction::kReturn},
    {"sleep", FailAction::kSleep},
    {"panic", FailAction::kPanic},
    {"print", FailAction::kPrint},
    {"break", FailAction::kBreak},
}};

std::optional<char> unescaped(char letter) {
  switch (letter) {
    case 'n': return '\n';
    case 't': return '\t';
    case '"':
    case '\\': return letter;
    default: return std::nullopt;
  }
}

}  // namespace

// Reads from the front of `rest_`; each function takes what it understands, or says no.
class FailTerms::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<std::vector<Term>> terms() {
    std::vector<Term> chain;
    do {
      auto one = term();
      if (!one) return std::nullopt;
      chain.push_back(std::move(*one));
    } while (take("->"));
    if (!rest_.empty()) return std::nullopt;
    return chain;
  }

 private:
  std::optional<Term> term() {
    Term out;
    while (!rest_.empty() && is_digit(rest_.front())) {
      const auto one = modifier();
      if (!one) return std::nullopt;
      out.modifiers.push_back(*one);
    }
    const auto* const action = std::ranges::find_if(kActions, [&](const auto& known) { return take(known.first); });
    if (action == kActions.end()) return std::nullopt;
    out.step.action = action->second;
    if (take("()") || !take("(")) return out;
    auto in_brackets = value();
    if (!in_brackets || !take(")")) return std::nullopt;
    out.step.value = std::move(*in_brackets);
    return out;
  }

  std::optional<Modifier> modifier() {
    const std::size_t length = std::min(rest_.find_first_not_of("0123456789."), rest_.size());
    const std::string_view digits = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (take("*")) {
      const auto times = number<std::uint64_t>(digits);
      return times ? std::optional<Modifier>(Times{*times}) : std::nullopt;
    }
    const auto percent = number<double>(digits);
    return percent && take("%") ? std::optional<Modifier>(Chance{*percent / 100}) : std::nullopt;
  }

  std::optional<FailValue> value() {
    if (take("\"")) return quoted();
    if (take("true")) return true;
    if (take("false")) return false;
    const std::string_view digits = rest_.substr(0, std::min(rest_.find(')'), rest_.size()));
    rest_.remove_prefix(digits.size());
    const auto integer = number<std::int64_t>(digits);
    return integer ? std::optional<FailValue>(*integer) : std::nullopt;
  }

  // Behind the opening quote, up to the closing one.
  std::optional<FailValue> quoted() {
    std::string out;
    while (!rest_.empty()) {
      const char letter = rest_.front();
      rest_.remove_prefix(1);
      if (letter == '"') return out;
      if (letter != '\\') {
        out += letter;
        continue;
      }
      const auto meant = rest_.empty() ? std::nullopt : unescaped(rest_.front());
      if (!meant) return std::nullopt;
      rest_.remove_prefix(1);
      out += *meant;
    }
    return std::nullopt;
  }

  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  static bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

  template <typename Number>
  static std::optional<Number> number(std::string_view digits) {
    Number out{};
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, out);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(out) : std::nullopt;
  }

  std::string_view rest_;
};

Result<FailTerms> FailTerms::parse(std::string_view text) {
  auto chain = Parser(text).terms();
  if (!chain) return fail(Errc::kInvalid, "failpoint: could not parse terms");
  FailTerms terms;
  terms.text_ = text;
  terms.chain_ = std::move(*chain);
  return terms;
}

FailTerms::Step FailTerms::next(const std::function<double()>& draw) {
  for (Term& term : chain_) {
    if (!allows(term, draw)) continue;
    ++count_;
    return term.step;
  }
  return {};
}

// In order: a count in front of a percentage is used up by each who comes by, one behind it only by those who are drawn.
bool FailTerms::allows(Term& term, const std::function<double()>& draw) {
  return std::ranges::all_of(term.modifiers, [&](Modifier& modifier) {
    if (const auto* chance = std::get_if<Chance>(&modifier)) return draw() < chance->of_one;
    auto& times = std::get<Times>(modifier);
    if (times.left == 0) return false;
    --times.left;
    return true;
  });
}

}  // namespace etcd::base
