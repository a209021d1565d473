// A TxnRequest with all transactions nested in it, decoded into the flat lists of request.h.
#include <algorithm>
#include <utility>

#include "apply/request.h"
#include "base/wire_fields.h"

namespace etcd::apply {

namespace {

using base::malformed;
using base::read_message;
using base::WireField;
using base::WireReader;
using base::WireType;

Status read_compare(std::string_view bytes, Compare& out) {
  const auto set_number = [&](Compare::Operand operand, const WireField& field) {
    if (field.type != WireType::kVarint) return;
    out.operand = operand;
    out.number = field.as_int64();
  };
  return read_message("Compare", bytes, [&](const WireField& field) {
    switch (field.number) {
      case 1:
        return set(out.result, field);
      case 2:
        return set(out.target, field);
      case 3:
        return set(out.key, field);
      case 4:
        return set_number(Compare::Operand::kVersion, field);
      case 5:
        return set_number(Compare::Operand::kCreate, field);
      case 6:
        return set_number(Compare::Operand::kMod, field);
      case 7:
        if (field.type != WireType::kBytes) return;
        out.operand = Compare::Operand::kValue;
        return set(out.value, field);
      case 8:
        return set_number(Compare::Operand::kLease, field);
      case 64:
        return set(out.range_end, field);
      default:
        return;
    }
  });
}

// Decodes one TxnRequest with everything nested in it.
class TxnDecoder {
 public:
  explicit TxnDecoder(std::size_t input_bytes) : arena_limit_(input_bytes * 4) {}

  Status read_part(std::string_view bytes, int depth);
  TxnRequest take() { return std::move(txn_); }

 private:
  static std::uint32_t size_of(const auto& list) { return static_cast<std::uint32_t>(list.size()); }

  Status read_op(std::string_view bytes, int depth, std::uint32_t slot);
  Result<std::uint32_t> read_request(TxnOp::Kind kind, std::string_view bytes, int depth);
  Result<std::string_view> join(const std::vector<std::string_view>& pieces);
  template <typename Request>
  static Result<std::uint32_t> append(std::vector<Request>& list, Result<Request> request) {
    if (!request) return fail(std::move(request).error());
    list.push_back(*request);
    return size_of(list) - 1;
  }

  TxnRequest txn_;
  std::size_t arena_limit_;
  std::size_t arena_bytes_ = 0;
};

Status TxnDecoder::read_part(std::string_view bytes, int depth) {
  if (depth > kMaxTxnDepth) return fail(Errc::kInvalid, "malformed TxnRequest: nested too deep");
  // The operations of a part lie together, before those of parts nested in it: first their number, then each.
  TxnRequest::Part part;
  part.compares.begin = size_of(txn_.compares);
  std::uint32_t successes = 0;
  std::uint32_t failures = 0;
  Status compares_read;
  TRY(read_message("TxnRequest", bytes, [&](const WireField& field) {
    if (field.type != WireType::kBytes) return;
    if (field.number == 1 && compares_read) compares_read = read_compare(field.bytes, txn_.compares.emplace_back());
    if (field.number == 2) ++successes;
    if (field.number == 3) ++failures;
  }));
  TRY(std::move(compares_read));
  part.compares.end = size_of(txn_.compares);
  part.success = {size_of(txn_.ops), size_of(txn_.ops) + successes};
  part.failure = {part.success.end, part.success.end + failures};
  txn_.ops.resize(part.failure.end);
  txn_.parts.push_back(part);

  std::uint32_t success = part.success.begin;
  std::uint32_t failure = part.failure.begin;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->type != WireType::kBytes) continue;
    if (field->number == 2) TRY(read_op(field->bytes, depth, success++));
    if (field->number == 3) TRY(read_op(field->bytes, depth, failure++));
  }
  return {};
}

// Parts of one sub-message merge by being read one after the other.
Result<std::string_view> TxnDecoder::join(const std::vector<std::string_view>& pieces) {
  if (pieces.size() == 1) return pieces.front();
  std::string joined;
  for (const std::string_view piece : pieces) joined += piece;
  arena_bytes_ += joined.size();
  if (arena_bytes_ > arena_limit_) return malformed("TxnRequest: too many split operations");
  return txn_.arena.emplace_back(std::move(joined));
}

// Puts the request into the list of its kind; returns its place there.
Result<std::uint32_t> TxnDecoder::read_request(TxnOp::Kind kind, std::string_view bytes, int depth) {
  switch (kind) {
    case TxnOp::Kind::kNone:
      break;
    case TxnOp::Kind::kRange:
      return append(txn_.ranges, decode_range(bytes));
    case TxnOp::Kind::kPut:
      return append(txn_.puts, decode_put(bytes));
    case TxnOp::Kind::kDeleteRange:
      return append(txn_.deletes, decode_delete_range(bytes));
    case TxnOp::Kind::kTxn: {
      const std::uint32_t place = size_of(txn_.parts);
      TRY(read_part(bytes, depth + 1));
      return place;
    }
  }
  return 0;
}

Status TxnDecoder::read_op(std::string_view bytes, int depth, std::uint32_t slot) {
  TxnOp op;
  std::vector<std::string_view> pieces;
  TRY(read_message("RequestOp", bytes, [&](const WireField& field) {
    if (field.type != WireType::kBytes || field.number < 1 || field.number > 4) return;
    const auto kind = static_cast<TxnOp::Kind>(field.number);
    if (kind != op.kind) pieces.clear();  // the last member of a union stands
    op.kind = kind;
    pieces.push_back(field.bytes);
  }));
  if (op.kind != TxnOp::Kind::kNone) {
    TRY_ASSIGN(const std::string_view request, join(pieces));
    TRY_ASSIGN(op.place, read_request(op.kind, request, depth));
  }
  txn_.ops[slot] = op;
  return {};
}

}  // namespace

bool TxnRequest::is_serializable() const {
  return is_read_only() &&
         std::all_of(ranges.begin(), ranges.end(), [](const RangeRequest& range) { return range.serializable; });
}

Result<TxnRequest> decode_txn(std::string_view bytes) {
  TxnDecoder decoder(bytes.size());
  TRY(decoder.read_part(bytes, 1));
  return decoder.take();
}

}  // namespace etcd::apply
