// Scripted: a replica that understands the commands of the scripts in testdata.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apply/testing/replica.h"

namespace etcd::apply::testing {

// Words of a command: "k=a" is an argument, "prev" a flag.
struct Words {
  explicit Words(const std::string& line);

  bool has(const std::string& flag) const;
  const std::string& text(const std::string& name) const;  // empty if it is not there
  std::int64_t number(const std::string& name) const;      // 0 if it is not there

  std::string command;
  std::vector<std::string> rest;
  std::map<std::string, std::string> arguments;
};

class Scripted {
 public:
  // Runs one command with the lines that follow it; returns its output.
  std::string run(const std::vector<std::string>& lines);

 private:
  std::string txn(const std::vector<std::string>& lines);
  std::string alarm(const Words& words);
  std::string conf_change(const Words& words);
  std::string request(RequestKind kind, const std::string& bytes);
  std::string dump();
  std::string members();
  std::string lease(LeaseId id);

  Options options_ = test_options();
  std::unique_ptr<Replica> replica_ = std::make_unique<Replica>(options_);
};

}  // namespace etcd::apply::testing
