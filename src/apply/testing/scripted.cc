#include "apply/testing/scripted.h"

#include <algorithm>
#include <sstream>

#include "apply/db_meta.h"
#include "apply/testing/describe.h"
#include "apply/testing/encode.h"
#include "base/hex.h"
#include "raft/codec.h"

namespace etcd::apply::testing {

namespace {

// What a key or a value is written as where it is not text.
std::string printable(std::string_view bytes) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~'; };
  if (std::all_of(bytes.begin(), bytes.end(), plain)) return std::string(bytes);
  return "0x" + base::to_hex(bytes);
}

// "0" stands for the zero byte that means "to the last key".
std::string range_end(const Words& words) {
  return words.text("end") == "0" ? std::string("\0", 1) : words.text("end");
}

PutRequest put_of(const Words& words) {
  PutRequest request;
  request.key = words.text("k");
  request.value = words.text("v");
  request.lease = LeaseId(words.number("lease"));
  request.prev_kv = words.has("prev");
  request.ignore_value = words.has("ignore_value");
  request.ignore_lease = words.has("ignore_lease");
  return request;
}

RangeRequest range_of(const Words& words, const std::string& end) {
  RangeRequest request;
  request.key = words.text("k");
  request.range_end = end;
  request.revision = words.number("rev");
  request.limit = words.number("limit");
  return request;
}

DeleteRangeRequest delete_of(const Words& words, const std::string& end) {
  DeleteRangeRequest request;
  request.key = words.text("k");
  request.range_end = end;
  request.prev_kv = words.has("prev");
  return request;
}

// A RequestOp, encoded.
std::string op_of(const Words& words) {
  const std::string end = range_end(words);
  if (words.command == "put") return TxnBuilder::op(put_of(words));
  if (words.command == "range") return TxnBuilder::op(range_of(words, end));
  if (words.command == "delete") return TxnBuilder::op(delete_of(words, end));
  return {};
}

// "value k = x", "version k > 2 end=b"
std::string compare_of(const Words& words, std::string& end) {
  const std::map<std::string, CompareResult> results = {{"=", CompareResult::kEqual},
                                                        {">", CompareResult::kGreater},
                                                        {"<", CompareResult::kLess},
                                                        {"!=", CompareResult::kNotEqual}};
  const std::map<std::string, CompareTarget> targets = {{"version", CompareTarget::kVersion},
                                                        {"create", CompareTarget::kCreate},
                                                        {"mod", CompareTarget::kMod},
                                                        {"lease", CompareTarget::kLease}};
  end = range_end(words);
  const std::string& operand = words.rest.at(2);
  Compare compare = words.command == "value" ? compare_value(words.rest.at(0), operand)
                                             : compare_number(targets.at(words.command), words.rest.at(0),
                                                              CompareResult::kEqual, std::stoll(operand));
  compare.result = results.at(words.rest.at(1));
  compare.range_end = end;
  return encode(compare);
}

}  // namespace

Words::Words(const std::string& line) {
  std::istringstream in(line);
  in >> command;
  for (std::string word; in >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || word == "!=") {
      rest.push_back(word);
    } else {
      arguments[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
}

bool Words::has(const std::string& flag) const {
  return std::find(rest.begin(), rest.end(), flag) != rest.end();
}

const std::string& Words::text(const std::string& name) const {
  static const std::string kEmpty;
  const auto found = arguments.find(name);
  return found == arguments.end() ? kEmpty : found->second;
}

std::int64_t Words::number(const std::string& name) const {
  return text(name).empty() ? 0 : std::stoll(text(name));
}

std::string Scripted::request(RequestKind kind, const std::string& bytes) {
  auto applied = replica_->apply_normal(encode_internal(1, kind, bytes));
  if (!applied) return "cannot be applied: " + describe(applied.error()) + "\n";
  std::string out;
  if (applied->raise_no_space) out += "raise the alarm for space\n";
  if (applied->cluster_version_lowered) out += "take a snapshot\n";
  const Result<base::Rope>& response = applied->reply->response;
  return out + (response ? describe_response(kind, response->flatten()) : describe_error(response.error()));
}

std::string Scripted::run(const std::vector<std::string>& lines) {
  const Words words(lines.front());
  const std::string& command = words.command;
  const std::string end = range_end(words);
  if (command == "put") return request(RequestKind::kPut, encode(put_of(words)));
  if (command == "range") return request(RequestKind::kRange, encode(range_of(words, end)));
  if (command == "delete") return request(RequestKind::kDeleteRange, encode(delete_of(words, end)));
  if (command == "txn") return txn(lines);
  if (command == "compact")
    return request(RequestKind::kCompaction, encode(CompactionRequest{.revision = words.number("rev")}));
  if (command == "grant")
    return request(RequestKind::kLeaseGrant,
                   encode(LeaseGrantRequest{words.number("ttl"), LeaseId(words.number("id"))}));
  if (command == "revoke") return request(RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(words.number("id"))));
  if (command == "checkpoint") {
    return request(RequestKind::kLeaseCheckpoint,
                   encode_lease_checkpoint({{{LeaseId(words.number("id")), words.number("remaining")}}}));
  }
  if (command == "alarm") return alarm(words);
  if (command == "version")
    return request(RequestKind::kClusterVersionSet, encode_cluster_version_set(words.rest.at(0)));
  if (command == "downgrade")
    return request(RequestKind::kDowngradeInfoSet, encode_downgrade_info_set(!words.rest.empty(), words.text("to")));
  if (command == "attributes") {
    return request(RequestKind::kClusterMemberAttrSet,
                   encode_cluster_member_attr_set(MemberId(static_cast<std::uint64_t>(words.number("id"))),
                                                  words.text("name"), {words.text("url")}));
  }
  if (command == "add" || command == "promote" || command == "remove" || command == "update") return conf_change(words);
  if (command == "first-of-term") return replica_->apply_normal("")->first_of_term ? "first of term\n" : "no\n";
  if (command == "raw") return request(static_cast<RequestKind>(words.number("kind")), words.text("bytes"));
  if (command == "quota") {
    options_.quota_bytes = words.number("bytes");
    replica_ = std::make_unique<Replica>(options_);
    return "ok\n";
  }
  if (command == "flush")
    return replica_->settle(), "index " + std::to_string(replica_->machine().applied().value) + "\n";
  if (command == "restart")
    return replica_->restart(), "index " + std::to_string(replica_->machine().applied().value) + "\n";
  if (command == "db") return dump();
  if (command == "members") return members();
  if (command == "lease") return lease(LeaseId(words.number("id")));
  return "unknown command\n";
}

std::string Scripted::txn(const std::vector<std::string>& lines) {
  std::string bytes, end;
  base::WireWriter writer(bytes);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const std::size_t space = line.find(' ');
    const std::string role = line.substr(0, space);
    const Words words(line.substr(space + 1));
    if (role == "if") writer.bytes(1, compare_of(words, end));
    if (role == "then") writer.bytes(2, op_of(words));
    if (role == "else") writer.bytes(3, op_of(words));
  }
  return request(RequestKind::kTxn, bytes);
}

std::string Scripted::alarm(const Words& words) {
  const std::map<std::string, AlarmAction> actions = {
      {"get", AlarmAction::kGet}, {"activate", AlarmAction::kActivate}, {"deactivate", AlarmAction::kDeactivate}};
  return request(RequestKind::kAlarm, encode_alarm({actions.at(words.rest.at(0)),
                                                    MemberId(static_cast<std::uint64_t>(words.number("member"))),
                                                    static_cast<cluster::AlarmType>(words.number("type"))}));
}

std::string Scripted::conf_change(const Words& words) {
  cluster::MemberChange change;
  change.member.id = MemberId(static_cast<std::uint64_t>(words.number("id")));
  change.member.is_learner = words.has("learner");
  change.is_promote = words.command == "promote";
  if (!words.text("url").empty()) change.member.peer_urls = {words.text("url")};
  raft::ConfChange conf;
  conf.id = 1;
  conf.node_id = change.member.id;
  conf.context = base::SharedBytes(cluster::member_change_json(change));
  if (words.command == "remove") conf.type = raft::ConfChangeType::kRemoveNode;
  if (words.command == "update") conf.type = raft::ConfChangeType::kUpdateNode;
  if (words.has("learner")) conf.type = raft::ConfChangeType::kAddLearnerNode;
  std::string data;
  raft::encode(conf, data);
  const auto applied = replica_->apply(replica_->next_entry(raft::EntryType::kConfChange, data));
  if (!applied) return "cannot be applied: " + describe(applied.error()) + "\n";
  const ConfChangeOutcome& outcome = *applied->conf_change;
  std::string out = outcome.status ? "" : describe_error(outcome.status.error());
  out += "raft is told of node " + std::to_string(outcome.change.node_id.value) + "\n" +
         conf_state_json(outcome.conf_state) + "\n";
  return out + (outcome.removed_self ? "removed itself\n" : "");
}

std::string Scripted::dump() {
  std::string out;
  for (const auto& [bucket, records] : read_buckets(replica_->db().begin_read())) {
    for (const auto& [key, value] : records) {
      const bool is_kv = bucket == bolt::schema::kKey;
      out += bucket + " " + printable(key) + " " + (is_kv ? describe_key_value(value) : printable(value)) + "\n";
    }
  }
  return out;
}

std::string Scripted::lease(LeaseId id) {
  const lease::Lessor& lessor = replica_->machine().lessor();
  const auto info = lessor.find(id, 0);
  if (!info) return describe_error(info.error());
  std::string out = "ttl " + std::to_string(info->ttl_s) + " remaining " + std::to_string(info->remaining_ttl_s) + "\n";
  for (const std::string_view key : lessor.keys_of(id)) out += "key " + std::string(key) + "\n";
  return out;
}

std::string Scripted::members() {
  std::string out;
  for (const cluster::Member& member : replica_->machine().cluster_view()->members)
    out += cluster::member_json(member) + "\n";
  return out;
}

}  // namespace etcd::apply::testing
