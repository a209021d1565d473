#include "base/testing/script.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace etcd::base::testing {
namespace {

struct Command {
  std::size_t line = 0;
  std::vector<std::string> comments;  // and blank lines, above it
  std::vector<std::string> input;
  std::string expected;
};

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// Comments after the last command come as a command without input.
std::vector<Command> parse(const std::vector<std::string>& lines) {
  std::vector<Command> commands;
  for (std::size_t i = 0; i < lines.size();) {
    Command command;
    while (i < lines.size() && (lines[i].empty() || lines[i].front() == '#')) command.comments.push_back(lines[i++]);
    command.line = i + 1;
    while (i < lines.size() && lines[i] != "----") command.input.push_back(lines[i++]);
    for (++i; i < lines.size() && !lines[i].empty(); ++i) command.expected += lines[i] + "\n";
    commands.push_back(std::move(command));
  }
  return commands;
}

std::string format(const Command& command, const std::string& output) {
  std::string text;
  for (const std::string& line : command.comments) text += line + "\n";
  for (const std::string& line : command.input) text += line + "\n";
  if (!command.input.empty()) text += "----\n" + output;
  return text;
}

}  // namespace

std::string run_script(const std::string& path, const ScriptHandler& handler) {
  const std::vector<std::string> lines = read_lines(path);
  if (lines.empty()) return path + ": missing or empty";
  const bool rewrite = std::getenv("ETCD_REWRITE") != nullptr;
  std::string rewritten;
  for (const Command& command : parse(lines)) {
    std::string output = command.input.empty() ? std::string() : handler(command.input);
    if (!output.empty() && output.back() != '\n') output += '\n';
    rewritten += format(command, output);
    if (rewrite || output == command.expected) continue;
    return path + ":" + std::to_string(command.line) + ": " + command.input.front() + "\n--- expected\n" + command.expected +
           "--- came\n" + output;
  }
  if (rewrite) std::ofstream(path) << rewritten;
  return {};
}

}  // namespace etcd::base::testing
