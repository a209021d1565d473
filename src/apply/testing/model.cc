#include "apply/testing/model.h"

#include "apply/testing/describe.h"

namespace etcd::apply::testing {

namespace {

std::string indented(const std::string& lines) {
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == 0 || lines[i - 1] == '\n') out += "  ";
    out += lines[i];
  }
  return out;
}

std::string header(std::int64_t revision) {
  return "revision " + std::to_string(revision) + "\n";
}

}  // namespace

std::string Model::text(const std::string& key, const Value& value) {
  std::string out = key + "=" + value.value + " create " + std::to_string(value.create) + " mod " +
                    std::to_string(value.mod) + " version " + std::to_string(value.version);
  return value.lease == 0 ? out : out + " lease " + std::to_string(value.lease);
}

bool Model::in_range(std::string_view key, std::string_view begin, std::string_view end) {
  if (end.empty()) return key == begin;
  if (end == std::string_view("\0", 1)) return key >= begin;
  return key >= begin && key < end;
}

void Model::commit() {
  if (!changed_) return;
  changed_ = false;
  history_[++revision_] = keys_;
}

std::string Model::run_range(const RangeRequest& request) const {
  const Keys& keys = request.revision > 0 && request.revision < current() ? history_.at(request.revision) : keys_;
  std::string out = header(current());
  std::int64_t count = 0;
  for (const auto& [key, value] : keys) {
    if (!in_range(key, request.key, request.range_end)) continue;
    if (++count > request.limit && request.limit > 0) continue;
    if (!request.count_only) out += text(key, value) + "\n";
  }
  if (request.limit > 0 && count > request.limit && !request.count_only) out += "more\n";
  return count == 0 ? out : out + "count " + std::to_string(count) + "\n";
}

std::string Model::range(const RangeRequest& request) const {
  if (request.revision > revision_) return describe_error({Errc::kFutureRevision});
  if (request.revision > 0 && request.revision < compacted_) return describe_error({Errc::kCompacted});
  return run_range(request);
}

Status Model::check_put(const PutRequest& request) const {
  if (request.lease.value != 0 && leases_.count(request.lease.value) == 0) return fail(Errc::kLeaseNotFound);
  if ((request.ignore_value || request.ignore_lease) && keys_.count(std::string(request.key)) == 0)
    return fail(Errc::kKeyNotFound);
  return {};
}

std::string Model::run_put(const PutRequest& request) {
  const std::string key(request.key);
  const Value before = keys_.count(key) != 0 ? keys_[key] : Value();
  const std::int64_t revision = revision_ + 1;
  changed_ = true;
  keys_[key] = {.value = request.ignore_value ? before.value : std::string(request.value),
                .create = before.version == 0 ? revision : before.create,
                .mod = revision,
                .version = before.version + 1,
                .lease = request.ignore_lease ? before.lease : request.lease.value};
  return header(current()) + (request.prev_kv && before.version != 0 ? "previous " + text(key, before) + "\n" : "");
}

std::string Model::run_delete(const DeleteRangeRequest& request) {
  std::string previous;
  std::int64_t deleted = 0;
  for (auto at = keys_.begin(); at != keys_.end();) {
    if (!in_range(at->first, request.key, request.range_end)) {
      ++at;
      continue;
    }
    ++deleted;
    if (request.prev_kv) previous += "previous " + text(at->first, at->second) + "\n";
    at = keys_.erase(at);
  }
  changed_ = changed_ || deleted > 0;
  return header(current()) + (deleted == 0 ? "" : "deleted " + std::to_string(deleted) + "\n") + previous;
}

std::string Model::put(const PutRequest& request) {
  if (const Status checked = check_put(request); !checked) return describe_error(checked.error());
  std::string out = run_put(request);
  commit();
  return out;
}

std::string Model::delete_range(const DeleteRangeRequest& request) {
  std::string out = run_delete(request);
  commit();
  return out;
}

bool Model::holds(const Compare& compare, const Value& value) {
  std::int64_t left = 0;
  switch (compare.target) {
    case CompareTarget::kVersion:
      left = value.version;
      break;
    case CompareTarget::kCreate:
      left = value.create;
      break;
    case CompareTarget::kMod:
      left = value.mod;
      break;
    case CompareTarget::kLease:
      left = value.lease;
      break;
    case CompareTarget::kValue:
      left = value.value.compare(compare.value);
      break;
  }
  const std::int64_t right = compare.target == CompareTarget::kValue ? 0 : compare.number;
  switch (compare.result) {
    case CompareResult::kEqual:
      return left == right;
    case CompareResult::kNotEqual:
      return left != right;
    case CompareResult::kGreater:
      return left > right;
    case CompareResult::kLess:
      return left < right;
  }
  return false;
}

bool Model::all_hold(const TxnRequest& request, const TxnRequest::Part& part) const {
  for (std::uint32_t i = part.compares.begin; i < part.compares.end; ++i) {
    const Compare& compare = request.compares[i];
    bool any = false;
    for (const auto& [key, value] : keys_) {
      if (!in_range(key, compare.key, compare.range_end)) continue;
      any = true;
      if (!holds(compare, value)) return false;
    }
    if (!any && (compare.target == CompareTarget::kValue || !holds(compare, Value()))) return false;
  }
  return true;
}

Status Model::check(const TxnRequest& request, std::uint32_t part) const {
  const TxnRequest::Slice taken = way_.at(part) ? request.parts[part].success : request.parts[part].failure;
  for (std::uint32_t i = taken.begin; i < taken.end; ++i) {
    const TxnOp& op = request.ops[i];
    if (op.kind == TxnOp::Kind::kPut) TRY(check_put(request.puts[op.place]));
    if (op.kind == TxnOp::Kind::kTxn) TRY(check(request, op.place));
    if (op.kind != TxnOp::Kind::kRange) continue;
    const std::int64_t at = request.ranges[op.place].revision;
    if (at > revision_) return fail(Errc::kFutureRevision);
    if (at != 0 && at < compacted_) return fail(Errc::kCompacted);
  }
  return {};
}

std::string Model::run(const TxnRequest& request, std::uint32_t part, bool outermost) {
  std::string out = way_.at(part) ? "succeeded\n" : "";
  const TxnRequest::Slice taken = way_.at(part) ? request.parts[part].success : request.parts[part].failure;
  for (std::uint32_t i = taken.begin; i < taken.end; ++i) {
    const TxnOp& op = request.ops[i];
    if (op.kind == TxnOp::Kind::kRange) out += "range\n" + indented(run_range(request.ranges[op.place]));
    if (op.kind == TxnOp::Kind::kPut) out += "put\n" + indented(run_put(request.puts[op.place]));
    if (op.kind == TxnOp::Kind::kDeleteRange) out += "delete\n" + indented(run_delete(request.deletes[op.place]));
    if (op.kind == TxnOp::Kind::kTxn) out += "txn\n" + indented(run(request, op.place, false));
  }
  return outermost ? header(current()) + out : out;
}

std::string Model::txn(const TxnRequest& request) {
  for (std::uint32_t part = 0; part < request.parts.size(); ++part) way_[part] = all_hold(request, request.parts[part]);
  if (const Status checked = check(request, 0); !checked) return describe_error(checked.error());
  std::string out = run(request, 0, true);
  commit();
  return out;
}

std::string Model::compact(std::int64_t revision) {
  if (revision <= compacted_) return describe_error({Errc::kCompacted});
  if (revision > revision_) return describe_error({Errc::kFutureRevision});
  compacted_ = revision;
  return header(revision_);
}

std::string Model::grant(std::int64_t id, std::int64_t ttl_s) {
  if (id == 0) return describe_error({Errc::kLeaseNotFound});
  if (!leases_.emplace(id, ttl_s).second) return describe_error({Errc::kLeaseExists});
  return header(revision_) + "lease " + std::to_string(id) + "\nttl " + std::to_string(ttl_s) + "\n";
}

std::string Model::revoke(std::int64_t id) {
  if (leases_.erase(id) == 0) return describe_error({Errc::kLeaseNotFound});
  changed_ = std::erase_if(keys_, [&](const auto& entry) { return entry.second.lease == id; }) > 0;
  commit();
  return header(revision_);
}

}  // namespace etcd::apply::testing
