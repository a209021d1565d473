#include "bolt/compacted_copy.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "bolt/arena.h"
#include "bolt/bucket_value.h"
#include "bolt/cursor.h"
#include "bolt/tree_builder.h"
#include "bolt/version.h"

namespace etcd::bolt {

namespace {

constexpr double kFill = 0.9;

LeafItem leaf_item(std::string_view key, const char* bytes, std::size_t value_size, std::uint32_t flags) {
  return {.bytes = bytes,
          .key_size = static_cast<std::uint32_t>(key.size()),
          .value_size = static_cast<std::uint32_t>(value_size),
          .flags = flags};
}

}  // namespace

struct CompactedCopy::State {
  // A bucket that is being copied; the one above waits until it is done.
  struct OpenBucket {
    OpenBucket(std::string_view bucket_name, std::uint64_t bucket_sequence, Cursor cursor, TreeBuilder builder)
        : name(bucket_name), sequence(bucket_sequence), source(std::move(cursor)), tree(std::move(builder)) {}

    std::string_view name;
    std::uint64_t sequence;
    Cursor source;
    TreeBuilder tree;
  };

  State(std::unique_ptr<base::File> destination, ReadTx from)
      : file(std::move(destination)), source(std::move(from)), out(*file, source.version().meta().page_size) {}

  void open(std::string_view name, const BucketView& bucket) {
    buckets.push_back(std::make_unique<OpenBucket>(name, bucket.sequence(), bucket.cursor(), TreeBuilder(out, kFill)));
    buckets.back()->source.first();
  }

  Status step();
  Status copy_element(OpenBucket& bucket);
  Status open_sub_bucket(const OpenBucket& bucket);
  Status close_bucket();
  Result<std::string> value_of(OpenBucket& bucket);

  std::unique_ptr<base::File> file;
  ReadTx source;
  PageAppender out;
  Arena arena;  // bucket headers
  std::vector<std::unique_ptr<OpenBucket>> buckets;
  std::uint64_t copied = 0;
  std::uint64_t pages_entered = 0;  // of buckets that are done
  PageId root;
  bool done = false;
};

Status CompactedCopy::State::step() {
  OpenBucket& bucket = *buckets.back();
  if (!bucket.source.valid()) {
    TRY(bucket.source.status());
    return close_bucket();
  }
  return bucket.source.is_bucket() ? open_sub_bucket(bucket) : copy_element(bucket);
}

Status CompactedCopy::State::copy_element(OpenBucket& bucket) {
  const std::string_view key = bucket.source.key();
  const std::string_view value = bucket.source.value();
  TRY(bucket.tree.add(leaf_item(key, key.data(), value.size(), 0)));
  copied += key.size() + value.size();
  bucket.source.next();
  return {};
}

Status CompactedCopy::State::open_sub_bucket(const OpenBucket& bucket) {
  const auto view = BucketView::parse(source.version().pages(), bucket.source.value());
  if (!view || buckets.size() == kMaxBucketDepth) return fail(Errc::kCorrupt, "db: the header of a bucket is damaged");
  open(bucket.source.key(), *view);
  return {};
}

Status CompactedCopy::State::close_bucket() {
  const std::unique_ptr<OpenBucket> bucket = std::move(buckets.back());
  buckets.pop_back();
  // A whole file's buckets have no page in common.
  pages_entered += bucket->source.pages_entered();
  if (pages_entered > source.version().meta().high_water.value) return fail(Errc::kCorrupt, "db: buckets share pages");
  if (buckets.empty()) {
    TRY_ASSIGN(root, bucket->tree.finish());
    done = true;
    return out.flush();
  }
  TRY_ASSIGN(const std::string value, value_of(*bucket));
  OpenBucket& parent = *buckets.back();
  TRY(parent.tree.add(leaf_item(bucket->name, arena.copy(bucket->name, value), value.size(), kBucketElement)));
  parent.source.next();
  return {};
}

Result<std::string> CompactedCopy::State::value_of(OpenBucket& bucket) {
  const Node* leaf = bucket.tree.single_leaf();
  if (leaf != nullptr && fits_inline(*leaf, out.page_size())) return inline_bucket_value(*leaf, bucket.sequence);
  TRY_ASSIGN(const PageId page, bucket.tree.finish());
  return bucket_value(page, bucket.sequence);
}

CompactedCopy::CompactedCopy(std::unique_ptr<State> state) : state_(std::move(state)) {}
CompactedCopy::~CompactedCopy() = default;

Result<std::unique_ptr<CompactedCopy>> CompactedCopy::start(base::FileSystem& fs, const std::string& path,
                                                            ReadTx source) {
  TRY_ASSIGN(auto file, fs.open(path, base::OpenMode::kCreate));
  TRY(file->try_lock());
  TRY(file->truncate(0));
  auto state = std::make_unique<State>(std::move(file), std::move(source));
  state->open({}, state->source.root());
  return std::unique_ptr<CompactedCopy>(new CompactedCopy(std::move(state)));
}

Result<bool> CompactedCopy::step(std::uint64_t bytes) {
  const std::uint64_t before = state_->copied;
  // Each element counts for something, so that a step ends among many empty buckets too.
  for (std::uint64_t elements = 0; !state_->done && state_->copied - before + elements * kElementBytes < bytes;
       ++elements) {
    TRY(state_->step());
  }
  return state_->done;
}

Status CompactedCopy::write_back() {
  return state_->file->write_back();
}

Status CompactedCopy::finish() {
  CHECK(state_->done);
  Meta meta = state_->source.version().meta();
  meta.root = state_->root;
  meta.freelist = kNoFreelist;
  meta.high_water = state_->out.high_water();
  const std::uint64_t txid = std::max<std::uint64_t>(meta.txid, 1);
  for (const std::uint64_t id : {txid, txid - 1}) {
    meta.txid = id;
    const PageId slot = meta_slot(id);
    TRY(state_->file->pwrite(slot.value * meta.page_size, meta_page(slot, meta)));
  }
  return state_->file->sync();
}

Status copy_compacted(base::FileSystem& fs, const std::string& path, ReadTx source) {
  TRY_ASSIGN(const auto copy, CompactedCopy::start(fs, path, std::move(source)));
  TRY(copy->step(~std::uint64_t{0}));
  return copy->finish();
}

}  // namespace etcd::bolt
