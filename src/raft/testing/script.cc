#include "raft/testing/script.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace etcd::raft::testing {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in{std::string(text)};
  while (std::getline(in, part, separator)) {
    part.erase(0, part.find_first_not_of(' '));
    parts.push_back(part.substr(0, part.find_last_not_of(' ') + 1));
  }
  return parts;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Words; one with an open parenthesis goes on to the closing one.
std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> all;
  std::string word;
  int depth = 0;
  for (char c : line + ' ') {
    if (c == ' ' && depth == 0) {
      if (!word.empty()) all.push_back(std::exchange(word, {}));
      continue;
    }
    depth += (c == '(') - (c == ')');
    word += c;
  }
  return all;
}

ScriptArg parse_arg(const std::string& word) {
  std::size_t equals = word.find('=');
  if (equals == std::string::npos) return {word, {}};
  std::string value = word.substr(equals + 1);
  if (!value.empty() && value.front() == '(') return {word.substr(0, equals), split(value.substr(1, value.size() - 2), ',')};
  return {word.substr(0, equals), {value}};
}

class Parser {
 public:
  explicit Parser(const std::string& text) : in_(text) {}

  bool next(ScriptCommand& command) {
    command = {};
    std::string line;
    do {
      if (!read(line)) return false;
    } while (line.empty() || line.front() == '#');
    command.line = line_;
    std::vector<std::string> parts = words(line);
    command.name = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) command.args.push_back(parse_arg(parts[i]));
    while (read(line) && line != "----") command.input += (command.input.empty() ? "" : "\n") + line;
    read_expected(command.expected);
    return true;
  }

 private:
  bool read(std::string& line) {
    ++line_;
    return static_cast<bool>(std::getline(in_, line));
  }

  void read_expected(std::string& expected) {
    std::string line;
    if (!read(line)) return;
    if (line != "----") {
      for (bool more = true; more && !line.empty(); more = read(line)) expected += line + "\n";
      return;
    }
    std::string before;
    while (read(line)) {
      if (line == "----" && before == "----") break;
      if (before == "----") expected += before + "\n";
      if (line != "----") expected += line + "\n";
      before = line;
    }
  }

  std::istringstream in_;
  int line_ = 0;
};

std::string framed(const std::string& output) {
  if (output.find("\n\n") == std::string::npos && !output.starts_with('\n')) return "----\n" + output;
  return "----\n----\n" + output + "----\n----\n";
}

// The script's text with the outputs put in, comments and spacing kept.
std::string rewritten(const std::string& text, const std::vector<ScriptCommand>& commands, const std::vector<std::string>& outputs) {
  std::vector<std::string> lines = lines_of(text);
  std::string all;
  std::size_t at = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    for (; at < lines.size() && lines[at] != "----"; ++at) all += lines[at] + "\n";
    all += framed(outputs[i]);
    bool doubled = at + 1 < lines.size() && lines[at + 1] == "----";
    for (at += doubled ? 2 : 1; at < lines.size(); ++at) {
      if (doubled ? (lines[at] == "----" && lines[at - 1] == "----") : lines[at].empty()) break;
    }
    if (doubled) ++at;
  }
  for (; at < lines.size(); ++at) all += lines[at] + "\n";
  return all;
}

std::string without(const std::string& text, const std::vector<std::string>& ignored) {
  std::string rest;
  for (const std::string& line : lines_of(text)) {
    bool drop = std::any_of(ignored.begin(), ignored.end(), [&](const std::string& part) { return line.find(part) != std::string::npos; });
    if (!drop) rest += line + "\n";
  }
  return rest;
}

std::string difference(const std::string& path, const ScriptCommand& command, const std::string& output) {
  std::vector<std::string> expected = lines_of(command.expected);
  std::vector<std::string> got = lines_of(output);
  auto [e, g] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  std::string same = "after " + std::to_string(e - expected.begin()) + " equal lines\n";
  return path + ":" + std::to_string(command.line) + ": " + command.name + ": " + same + "expected: " + (e == expected.end() ? "(end)" : *e) +
         "\ngot:      " + (g == got.end() ? "(end)" : *g) + "\nall of it:\n" + output;
}

}  // namespace

std::vector<std::string> ScriptCommand::values(std::string_view key) const {
  auto found = std::find_if(args.begin(), args.end(), [&](const ScriptArg& arg) { return arg.key == key; });
  return found == args.end() ? std::vector<std::string>{} : found->values;
}

std::vector<std::uint64_t> ScriptCommand::numbers() const {
  std::vector<std::uint64_t> all;
  for (const ScriptArg& arg : args) {
    if (arg.values.empty() && is_number(arg.key)) all.push_back(std::stoull(arg.key));
  }
  return all;
}

bool ScriptCommand::is_true(std::string_view key) const { return values(key) == std::vector<std::string>{"true"}; }

std::vector<ScriptCommand> parse_script(const std::string& text) {
  std::vector<ScriptCommand> commands;
  Parser parser(text);
  for (ScriptCommand command; parser.next(command);) commands.push_back(command);
  return commands;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string run_script(const std::string& path, const ScriptRun& run) {
  std::string text = read_text(path);
  std::vector<ScriptCommand> commands = parse_script(text);
  if (commands.empty()) return path + ": no commands";
  const char* rewrite = std::getenv("RAFT_REWRITE");
  bool compare = !run.may_rewrite || rewrite == nullptr || *rewrite == '\0';
  std::vector<std::string> outputs;
  for (ScriptCommand& command : commands) {
    std::string output = run.handler(command);
    if (!output.empty() && output.back() != '\n') output += '\n';
    command.expected = without(command.expected, run.ignored);
    if (compare && output != command.expected) return difference(path, command, output);
    outputs.push_back(std::move(output));
  }
  if (!compare) std::ofstream(path) << rewritten(text, commands, outputs);
  return {};
}

std::vector<std::string> scripts_in(const std::string& folder) {
  std::vector<std::string> scripts;
  std::error_code missing;
  for (const auto& file : std::filesystem::directory_iterator(folder, missing)) {
    if (file.path().extension() == ".txt") scripts.push_back(file.path());
  }
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

std::string go_raft_module() {
  if (const char* place = std::getenv("ETCD_RAFT_MODULE")) return place;
  const char* cache = std::getenv("GOMODCACHE");
  const char* home = std::getenv("HOME");
  std::string root = cache ? cache : std::string(home ? home : "") + "/go/pkg/mod";
  return root + "/go.etcd.io/raft/v3@v3.7.0";
}

}  // namespace etcd::raft::testing
