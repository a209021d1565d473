#include "server/flag_value.h"

#include <algorithm>

#include "base/go_text.h"

namespace etcd::server {

namespace {

tl::unexpected<Error> parse_error() { return fail(Errc::kInvalid, "parse error"); }

template <typename Integer>
Status store_number(const base::ParsedNumber<Integer>& number, Integer* at) {
  if (number.fault == base::NumberFault::kSyntax) return parse_error();
  if (number.fault == base::NumberFault::kRange) return fail(Errc::kInvalid, "value out of range");
  *at = number.value;
  return {};
}

bool is_allowed(std::string_view word, const std::vector<std::string_view>& allowed) {
  return std::find(allowed.begin(), allowed.end(), word) != allowed.end();
}

Texts to_texts(std::string_view comma_separated) {
  const auto parts = base::split(comma_separated, ',');
  return {parts.begin(), parts.end()};
}

// The same URL given twice counts once.
Urls without_repeats(const Urls& given) {
  Urls unique;
  for (const Url& url : given) {
    if (std::find(unique.begin(), unique.end(), url) == unique.end()) unique.push_back(url);
  }
  return unique;
}

struct Setter {
  std::string_view text;

  Status operator()(std::string* at) const {
    *at = text;
    return {};
  }
  Status operator()(bool* at) const {
    const auto parsed = base::parse_bool(text);
    if (!parsed) return parse_error();
    *at = *parsed;
    return {};
  }
  Status operator()(std::int64_t* at) const { return store_number(base::parse_int(text), at); }
  Status operator()(std::uint64_t* at) const { return store_number(base::parse_uint(text), at); }
  // etcd's own type, whose errors are those of strconv.
  Status operator()(std::uint32_t* at) const {
    const auto number = base::parse_uint(text, UINT32_MAX);
    if (number.fault) {
      const char* why = *number.fault == base::NumberFault::kSyntax ? "invalid syntax" : "value out of range";
      return fail(Errc::kInvalid, "strconv.ParseUint: parsing " + base::go_quote(text) + ": " + why);
    }
    *at = static_cast<std::uint32_t>(number.value);
    return {};
  }
  Status operator()(Duration* at) const {
    const auto parsed = base::parse_duration(text);
    if (!parsed.has_value()) return parse_error();
    *at = *parsed;
    return {};
  }
  Status operator()(Urls* at) const {
    const auto same = [&](const Url& url) { return url.to_string() == text; };
    if (text.empty() || std::any_of(at->begin(), at->end(), same)) return {};
    TRY_ASSIGN(const Urls parsed, base::parse_member_urls(text));
    *at = without_repeats(parsed);
    return {};
  }
  Status operator()(std::set<std::string>* at) const {
    const Texts texts = to_texts(text);
    *at = {texts.begin(), texts.end()};
    return {};
  }
  Status operator()(Texts* at) const {
    *at = to_texts(text);
    return {};
  }
  Status operator()(FeatureGates* at) const { return at->set(text); }
  Status operator()(const Choice& choice) const {
    if (!is_allowed(text, choice.allowed)) return fail(Errc::kInvalid, "invalid value");
    *choice.at = text;
    return {};
  }
  Status operator()(const ChoiceList& choice) const {
    for (const std::string& word : to_texts(text)) {
      if (!is_allowed(word, choice.allowed)) return fail(Errc::kInvalid, "invalid value " + base::go_quote(word));
      choice.at->push_back(word);
    }
    return {};
  }
  // "*" comes on top of what is there, origins replace it: etcd's rule.
  Status operator()(const OriginSet& origins) const {
    if (origins.at->count(std::string(text)) != 0) return {};
    if (text == "*") {
      origins.at->insert("*");
      return {};
    }
    TRY_ASSIGN(const Urls parsed, base::parse_member_urls(text));
    const Texts texts = base::to_strings(parsed);
    *origins.at = {texts.begin(), texts.end()};
    return {};
  }
  Status operator()(Ignored) const { return {}; }
};

std::string join(const std::set<std::string>& texts) { return base::join({texts.begin(), texts.end()}, ","); }

struct Printer {
  std::string operator()(const std::string* at) const { return *at; }
  std::string operator()(const bool* at) const { return *at ? "true" : "false"; }
  std::string operator()(const std::int64_t* at) const { return std::to_string(*at); }
  std::string operator()(const std::uint64_t* at) const { return std::to_string(*at); }
  std::string operator()(const std::uint32_t* at) const { return std::to_string(*at); }
  std::string operator()(const Duration* at) const { return base::format_duration(*at); }
  std::string operator()(const Urls* at) const { return base::join(base::to_strings(*at), ","); }
  std::string operator()(const std::set<std::string>* at) const { return join(*at); }
  std::string operator()(const Texts* at) const { return base::join(*at, ","); }
  std::string operator()(const FeatureGates* at) const { return at->to_string(); }
  std::string operator()(const Choice& choice) const { return *choice.at; }
  std::string operator()(const ChoiceList& choice) const { return base::join(*choice.at, ","); }
  std::string operator()(const OriginSet& origins) const { return join(*origins.at); }
  std::string operator()(Ignored) const { return ""; }
};

}  // namespace

Status set_value(const FlagValue& value, std::string_view text) { return std::visit(Setter{text}, value); }

std::string print_value(const FlagValue& value) {
  return std::visit([](const auto& kind) { return Printer{}(kind); }, value);
}

bool is_boolean(const FlagValue& value) { return std::holds_alternative<bool*>(value) || is_ignored(value); }

bool is_ignored(const FlagValue& value) { return std::holds_alternative<Ignored>(value); }

}  // namespace etcd::server
