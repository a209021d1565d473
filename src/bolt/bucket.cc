#include "bolt/bucket_state.h"

#include <utility>

#include "base/check.h"
#include "base/failpoint.h"
#include "bolt/bucket_value.h"
#include "bolt/commit_timer.h"
#include "bolt/read_tx.h"

namespace etcd::bolt {

namespace {

Status check_key(std::string_view key) {
  if (key.empty()) return fail(Errc::kInvalid, "db: an empty key");
  if (key.size() > kMaxKeyBytes) {
    return fail(Errc::kInvalid, "db: a key of " + std::to_string(key.size()) + " bytes is too large");
  }
  return {};
}

}  // namespace

Result<BucketState*> BucketState::open(std::string_view name) {
  if (const auto found = open_buckets.find(name); found != open_buckets.end()) return found->second.get();
  TRY_ASSIGN(const auto element, tree.find(name));
  if (!element || !element->is_bucket()) return nullptr;
  const auto view = BucketView::parse(context.base, element->value);
  if (!view || depth + 1 >= kMaxBucketDepth) return fail(Errc::kCorrupt, "db: a bucket's header is damaged");
  auto bucket = std::make_unique<BucketState>(context, view->root(), view->sequence(), depth + 1);
  return open_buckets.emplace(name, std::move(bucket)).first->second.get();
}

Status BucketState::drop(std::string_view name) {
  TRY_ASSIGN(BucketState* const bucket, open(name));
  CHECK(bucket != nullptr);
  TRY(bucket->give_up());
  open_buckets.erase(open_buckets.find(name));
  TRY(tree.erase(name, kBucketElement));
  return {};
}

// Open buckets first: they have given up pages of their own already. Recursion is at most kMaxBucketDepth deep.
Status BucketState::give_up() {
  while (!open_buckets.empty()) {
    const std::string name = open_buckets.begin()->first;
    TRY(drop(name));
  }
  return tree.give_up_pages();
}

// Recursion is at most kMaxBucketDepth deep.
Status BucketState::write(DirtyPages& out, CommitTimer* timer) {
  for (auto& [name, bucket] : open_buckets) {
    TRY(bucket->write(out, timer));
    if (bucket->changed()) TRY(tree.put(name, bucket->written_value, kBucketElement));
  }
  {
    const CommitTimer::Span balancing(timer, &CommitTimer::balance_ns);
    TRY(tree.balance());
  }
  const CommitTimer::Span spilling(timer, &CommitTimer::spill_ns);
  write_tree(out);
  return {};
}

void BucketState::write_tree(DirtyPages& out) {
  const TreeRoot root = tree.root();
  if (!tree.changed()) {
    written_root = root.page;
    written_value = bucket_value(root.page, sequence).append(root.inline_page);
  } else if (depth > 0 && fits_inline(*root.node, context.base.page_size())) {
    written_value = inline_bucket_value(*root.node, sequence);
  } else {
    written_root = tree.write_pages(out);
    written_value = bucket_value(written_root, sequence);
  }
}

Status Bucket::put(std::string_view key, std::string_view value) {
  TRY(check_key(key));
  if (value.size() > kMaxValueBytes) {
    return fail(Errc::kInvalid, "db: a value of " + std::to_string(value.size()) + " bytes is too large");
  }
  if (state_.depth == 0) return fail(Errc::kInvalid, "db: the root bucket holds buckets only");
  FAILPOINT(beforeBucketPut);
  return state_.tree.put(key, value, 0);
}

Result<bool> Bucket::erase(std::string_view key) {
  return state_.tree.erase(key, 0);
}

Result<std::optional<std::string_view>> Bucket::get(std::string_view key) const {
  TRY_ASSIGN(const auto element, state_.tree.find(key));
  if (!element || element->is_bucket()) return std::nullopt;
  return element->value;
}

Cursor Bucket::cursor() const {
  return Cursor(state_.context.base, state_.tree.root());
}

Result<Bucket*> Bucket::bucket(std::string_view name) {
  TRY_ASSIGN(BucketState* const found, state_.open(name));
  return found == nullptr ? nullptr : &found->handle;
}

Result<Bucket*> Bucket::create_bucket_if_missing(std::string_view name) {
  TRY_ASSIGN(Bucket* const found, bucket(name));
  if (found != nullptr) return found;
  TRY(check_key(name));
  if (state_.depth + 2 >= kMaxBucketDepth) return fail(Errc::kInvalid, "db: too many buckets in buckets");
  TRY(state_.tree.put(name, inline_bucket_value(Node(), 0), kBucketElement));
  return bucket(name);
}

Result<bool> Bucket::delete_bucket(std::string_view name) {
  TRY_ASSIGN(BucketState* const found, state_.open(name));
  if (found == nullptr) return false;
  TRY(state_.drop(name));
  return true;
}

std::uint64_t Bucket::sequence() const {
  return state_.sequence;
}

void Bucket::set_sequence(std::uint64_t sequence) {
  state_.sequence = sequence;
  state_.sequence_changed = true;
}

void Bucket::set_fill(double fill) {
  state_.tree.set_fill(fill);
}

}  // namespace etcd::bolt
