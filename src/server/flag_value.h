// A flag's value: where it goes in the Config, how its text is read, and how it is printed. The kinds are those of Go's flag package and
// of etcd's own flag types, with their rules and error texts.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "server/config.h"

namespace etcd::server {

// One of a few words.
struct Choice {
  std::string* at;
  std::vector<std::string_view> allowed;
};
// Words between commas, each one of a few; repeats of the flag add up.
struct ChoiceList {
  Texts* at;
  std::vector<std::string_view> allowed;
};
// Origins between commas, or "*" for all.
struct OriginSet {
  std::set<std::string>* at;
};
// Taken and dropped: flags of versions long gone.
struct Ignored {};

// A vector of URLs keeps its value when it is given an empty text or one of the URLs that it holds already, as etcd's does. A set of strings
// is what stands between commas, sorted and without repeats; a vector of strings is the same in the order given.
using FlagValue = std::variant<std::string*, bool*, std::int64_t*, std::uint64_t*, std::uint32_t*, Duration*, Urls*, std::set<std::string>*,
                               Texts*, FeatureGates*, Choice, ChoiceList, OriginSet, Ignored>;

// kInvalid with the reason as etcd words it behind `invalid value "x" for flag -name: `.
Status set_value(const FlagValue& value, std::string_view text);
// As --help shows a default and as the flag would read it back.
std::string print_value(const FlagValue& value);
// True for a flag that may stand without a value: --pre-vote.
bool is_boolean(const FlagValue& value);
bool is_ignored(const FlagValue& value);

}  // namespace etcd::server
