#include "server/flags.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/go_text.h"
#include "server/secrets.h"

namespace etcd::server {

namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

// The first of two variables of one name counts, as in Go.
Environment to_map(const std::vector<std::string>& environment) {
  Environment map;
  for (const std::string& item : environment) {
    const std::size_t equals = item.find('=', 1);
    if (equals != std::string::npos) map.emplace(item.substr(0, equals), item.substr(equals + 1));
  }
  return map;
}

void check_unused(const std::vector<std::string>& environment, const std::set<std::string>& used,
                  const std::set<std::string>& on_command_line, base::Logger& logger) {
  for (const std::string& item : environment) {
    const std::string name = item.substr(0, item.find('=', 1));
    if (used.count(name) != 0) continue;
    if (on_command_line.count(name) != 0) {
      logger.fatal(
          "conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable "
          "flag))",
          {{"environment-variable", name}});
    }
    if (!item.starts_with("ETCD_")) continue;
    const std::string shown = is_secret(name) ? name + "=" + std::string(kSecret) : item;
    logger.warn("unrecognized environment variable", {{"environment-variable", shown}});
  }
}

std::string_view name_of(Support support) {
  switch (support) {
    case Support::kFull: return "supported";
    case Support::kNoEffect: return "no effect";
    case Support::kRefused: return "refused unless default";
    case Support::kIgnored: return "ignored, as in etcd";
  }
  return "";
}

}  // namespace

// One argument of the form -name, --name, --name=value.
struct FlagSet::Argument {
  std::string_view name;
  std::optional<std::string_view> value;
};

FlagSet::FlagSet(Config& config) : config_(config), flags_(flag_table(config)) {}

const Flag* FlagSet::lookup(std::string_view name) const {
  const auto at = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.name == name; });
  return at == flags_.end() ? nullptr : &*at;
}

const Flag& FlagSet::find(std::string_view name) const {
  const Flag* flag = lookup(name);
  CHECK(flag != nullptr, name);
  return *flag;
}

Status FlagSet::set(const Flag& flag, std::string_view text) {
  TRY(set_value(flag.value, text));
  config_.explicitly_set.insert(std::string(flag.name));
  return {};
}

Status FlagSet::set_argument(const Argument& argument, const Flag& flag) {
  const std::string name(argument.name);
  if (is_boolean(flag.value)) {
    if (Status set_to = set(flag, argument.value.value_or("true")); !set_to.has_value()) {
      return fail(Errc::kInvalid, "invalid boolean value " + base::go_quote(argument.value.value_or("true")) + " for -" + name + ": " +
                                      set_to.error().detail);
    }
    return {};
  }
  if (!argument.value) return fail(Errc::kInvalid, "flag needs an argument: -" + name);
  if (Status set_to = set(flag, *argument.value); !set_to.has_value()) {
    return fail(Errc::kInvalid,
                "invalid value " + base::go_quote(*argument.value) + " for flag -" + name + ": " + set_to.error().detail);
  }
  return {};
}

CommandLine FlagSet::parse(const std::vector<std::string>& args) {
  using Outcome = CommandLine::Outcome;
  std::size_t next = 0;
  while (next < args.size()) {
    const std::string_view text = args[next];
    if (text.size() < 2 || text.front() != '-') break;
    ++next;
    if (text == "--") break;
    Argument argument{text.substr(text[1] == '-' ? 2 : 1), std::nullopt};
    if (argument.name.front() == '-' || argument.name.front() == '=') {
      return {Outcome::kBad, "bad flag syntax: " + std::string(text), {}};
    }
    if (const std::size_t equals = argument.name.find('='); equals != std::string_view::npos) {
      argument.value = argument.name.substr(equals + 1);
      argument.name = argument.name.substr(0, equals);
    }
    const Flag* flag = lookup(argument.name);
    if (flag == nullptr) {
      if (argument.name == "help" || argument.name == "h") return {Outcome::kHelpAsked, "", {}};
      return {Outcome::kBad, "flag provided but not defined: -" + std::string(argument.name), {}};
    }
    if (!argument.value && !is_boolean(flag->value) && next < args.size()) argument.value = args[next++];
    if (Status set_to = set_argument(argument, *flag); !set_to.has_value()) return {Outcome::kBad, set_to.error().detail, {}};
  }
  return {Outcome::kRead, "", {args.begin() + static_cast<std::ptrdiff_t>(next), args.end()}};
}

Status FlagSet::read_environment(const std::vector<std::string>& environment, base::Logger& logger) {
  const Environment values = to_map(environment);
  std::set<std::string> on_command_line;
  for (const std::string& flag : config_.explicitly_set) on_command_line.insert(environment_name(flag));

  std::vector<const Flag*> by_name;
  for (const Flag& flag : flags_) by_name.push_back(&flag);
  std::sort(by_name.begin(), by_name.end(), [](const Flag* a, const Flag* b) { return a->name < b->name; });

  Status outcome;
  std::set<std::string> used;
  for (const Flag* flag : by_name) {
    const std::string name = environment_name(flag->name);
    const auto value = values.find(name);
    if (on_command_line.count(name) != 0 || value == values.end() || value->second.empty()) continue;
    used.insert(name);
    if (Status set_to = set(*flag, value->second); !set_to.has_value()) {
      outcome = fail(Errc::kInvalid, "invalid value " + base::go_quote(value->second) + " for " + name + ": " + set_to.error().detail);
      continue;
    }
    logger.info("recognized and used environment variable",
                {{"variable-name", name}, {"variable-value", is_secret(name) ? kSecret : std::string_view(value->second)}});
  }
  check_unused(environment, used, on_command_line, logger);
  return outcome;
}

std::string environment_name(std::string_view flag) {
  std::string name = "ETCD_";
  for (const char c : flag) name.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c);
  return name;
}

std::string usage_text() {
  return R"(Usage:

  etcd [flags]
    Run a member of an etcd cluster.

  etcd --version
    Print the version and exit.

  etcd -h | --help
    Print this and all flags, and exit.

  etcd --config-file FILE
    Take the configuration from a YAML or JSON file. All other flags and the environment are then left aside.
    Durations are integers in the file, in nanoseconds: 600000000000 for --watch-progress-notify-interval=10m.

Any flag --some-flag may be given as ETCD_SOME_FLAG in the environment instead.
)";
}

std::string help_text() {
  Config defaults;
  std::string out;
  std::string_view section;
  for (const Flag& flag : flag_table(defaults)) {
    if (flag.help.empty()) continue;
    if (flag.section != section) out.append("\n").append(flag.section).append(":\n");
    section = flag.section;
    const std::string value = flag.name == "data-dir" ? "${name}.etcd" : print_value(flag.value);
    out.append("  --").append(flag.name).append(" '").append(value).append("'\n    ").append(flag.help).append("\n");
    if (flag.support == Support::kRefused) out.append("    Only the default is accepted: ").append(flag.note).append(".\n");
    if (flag.support == Support::kNoEffect) out.append("    Without effect: ").append(flag.note).append(".\n");
  }
  return out;
}

std::string support_table() {
  struct Row {
    Support support;
    std::string_view note;
    std::string flags;
  };
  Config defaults;
  std::vector<Row> rows;
  for (const Flag& flag : flag_table(defaults)) {
    if (flag.support == Support::kFull) continue;
    const auto same = [&](const Row& row) { return row.support == flag.support && row.note == flag.note; };
    auto row = std::find_if(rows.begin(), rows.end(), same);
    if (row == rows.end()) row = rows.insert(rows.end(), {flag.support, flag.note, ""});
    row->flags.append(row->flags.empty() ? "`" : ", `").append(flag.name).append("`");
  }
  std::string out = "| flags | here | why |\n|---|---|---|\n";
  for (const Row& row : rows) {
    out.append("| ").append(row.flags).append(" | ").append(name_of(row.support)).append(" | ").append(row.note).append(" |\n");
  }
  return out;
}

}  // namespace etcd::server
