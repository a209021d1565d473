#include "wal/wal.h"

#include <algorithm>
#include <iterator>
#include <random>

#include "base/check.h"
#include "base/failpoint.h"
#include "base/plant.h"
#include "base/wire.h"
#include "raft/codec.h"
#include "wal/replay.h"
#include "wal/segment_reader.h"

namespace etcd::wal {

namespace {

using base::FileSystem;
using base::OpenMode;

// Not one of the names under which Go's etcd prepares segments: it would take the file as it is.
constexpr const char* kNextName = "next.tmp";
constexpr std::size_t kRewriteBytes = 256 * 1024;

std::uint64_t draw_marker_key() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1;
}

// The segments that hold everything behind `index`: from the last one that begins at or before it.
Result<std::vector<SegmentName>> segments_from(FileSystem& files, const std::string& folder, LogIndex index) {
  TRY_ASSIGN(auto all, list_segments(files, folder));
  if (all.empty()) return fail(Errc::kNotExist, "wal: file not found");
  std::vector<SegmentName> names = without_gap(std::move(all));
  const auto behind = std::find_if(names.rbegin(), names.rend(), [&](const SegmentName& name) { return name.first_index <= index; });
  if (behind == names.rend()) {
    return fail(Errc::kCorrupt, "wal: file not found which matches the snapshot index '" + std::to_string(index.value) + "'");
  }
  names.erase(names.begin(), std::prev(behind.base()));
  return names;
}

// Writes the bytes [begin, end) once more. After a sync that failed, the cache may pass for synced what the disk never got; the next sync
// would not write it. This one will.
Status rewrite(base::File& file, std::uint64_t begin, std::uint64_t end) {
  ReadWindow window(file);
  while (begin < end) {
    TRY_ASSIGN(const std::string_view bytes, window.read(begin, std::min<std::uint64_t>(kRewriteBytes, end - begin)));
    if (bytes.empty()) return fail(Errc::kIo, "pread " + file.path() + ": the file became shorter");
    TRY(file.pwrite(begin, bytes));
    begin += bytes.size();
  }
  return {};
}

// Space that can't be had now may be there when it is written to.
Status allocate_if_possible(base::File& file, std::uint64_t size) {
  const Status allocated = file.allocate(size);
  if (!allocated && allocated.error().code != Errc::kNoSpace) return allocated;
  return {};
}

Status remove_leftovers(FileSystem& files, const std::string& folder) {
  for (const char* name : {"0.tmp", "1.tmp", kNextName}) {
    const std::string path = base::join_path(folder, name);
    if (files.exists(path)) TRY(files.remove(path));
  }
  return {};
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

Wal::Wal(FileSystem& files, std::string folder, const Metadata& metadata, const Options& options)
    : files_(files),
      folder_(std::move(folder)),
      metadata_(metadata),
      options_(options),
      marker_key_(options.marker_key != 0 ? options.marker_key : draw_marker_key()) {}

Wal::~Wal() {
  if (next_) (void)files_.remove(next_->path());
}

Result<std::unique_ptr<Wal>> Wal::create(FileSystem& files, const std::string& folder, const Metadata& metadata, const Options& options) {
  const std::string path = without_slash(folder);
  if (exists(files, path)) return fail(Errc::kExists, "wal: there is a log in " + path);
  const std::string temporary = path + ".tmp";
  TRY(files.remove_all(temporary));
  TRY(files.make_directories(temporary));
  std::unique_ptr<Wal> wal(new Wal(files, path, metadata, options));
  TRY(wal->write_first_segment(temporary));
  TRY(files.remove_all(path));
  TRY(files.rename(temporary, path));
  TRY(files.sync_directory(base::parent_path(path)));
  TRY(wal->add_segment({0, LogIndex(0)}));
  return wal;
}

Status Wal::write_first_segment(const std::string& folder) {
  TRY_ASSIGN(const auto file, files_.open(base::join_path(folder, SegmentName{}.text()), OpenMode::kCreateNew));
  TRY(file->allocate(options_.segment_bytes));
  append_head();
  TRY(flush(*file));
  TRY(file->sync());
  return files_.sync_directory(folder);
}

Result<Opened> Wal::open(FileSystem& files, const std::string& folder, const Snapshot& from, const Options& options) {
  const std::string path = without_slash(folder);
  TRY_ASSIGN(const auto names, segments_from(files, path, from.index));
  TRY_ASSIGN(auto segments, open_segments(files, path, names, OpenMode::kReadWrite));
  Replay replay(from);
  TRY_ASSIGN(const LogEnd end, read_log(segments, [&](const Record& record) { return replay.take(record); }));
  if (!replay.found_snapshot()) return fail(Errc::kCorrupt, "wal: snapshot not found");

  std::unique_ptr<Wal> wal(new Wal(files, path, end.metadata, options));
  wal->segments_ = std::move(segments);
  wal->last_index_ = replay.last_index();
  wal->hard_state_ = replay.hard_state();
  std::optional<Repair> repair;
  if (end.tail.is_torn()) repair = Repair{wal->segment_path(), end.tail.end, end.tail.used - end.tail.end};
  TRY(wal->resume(end));
  return Opened{std::move(wal), end.metadata, replay.hard_state(), std::move(replay.entries()), std::move(repair)};
}

Status Wal::resume(const LogEnd& end) {
  TRY(settle_tail(end));
  offset_ = end.tail.end;
  frames_ = FrameWriter(end.crc);
  TRY(remove_leftovers(files_, folder_));
  if (!end.marker) return cut();  // begun by Go's etcd: damage in it could later not be told from a torn tail
  marker_key_ = end.marker->key;
  return {};
}

// Makes everything that was read durable, and everything behind it zeros.
Status Wal::settle_tail(const LogEnd& end) {
  if (end.tail.is_torn()) TRY(remove_torn_tail(files_, tail(), end.tail));
  TRY_ASSIGN(const std::uint64_t size, tail().size());
  if (size < options_.segment_bytes) TRY(allocate_if_possible(tail(), options_.segment_bytes));
  TRY(rewrite(tail(), end.marker ? end.marker->offset : 0, end.tail.end));
  TRY(tail().sync());
  TRY(files_.sync_directory(folder_));
  return files_.sync_directory(base::parent_path(folder_));
}

template <typename Change>
Status Wal::guarded(Change change) {
  if (failure_) return fail(*failure_);
  Status status = change();
  if (!status) failure_ = status.error();
  return status;
}

template <typename Fill>
Status Wal::append(Fill fill) {
  if (synced_) frames_.append_crc(Marker{marker_key_, offset_}.encode());
  synced_ = false;
  fill();
  return flush(tail());
}

Status Wal::save(const std::optional<raft::HardState>& hard_state, const raft::Entries& entries) {
  const bool new_state = hard_state && *hard_state != raft::HardState{};
  if (!new_state && entries.empty()) return {};
  return guarded([&]() -> Status {
    TRY(append([&] {
      for (const raft::Entry& entry : entries) append_entry(entry);
      if (new_state) hard_state_ = *hard_state;
      if (new_state) append_hard_state();
    }));
    return offset_ < options_.segment_bytes ? Status() : cut();
  });
}

Status Wal::save_snapshot(const Snapshot& snapshot) {
  return guarded([&]() -> Status {
    last_index_ = std::max(last_index_, snapshot.index);
    TRY(append([&] { append_snapshot(snapshot); }));
    TRY(tail().sync_data());
    synced_ = true;
    return {};
  });
}

Status Wal::sync() {
  return guarded([&]() -> Status {
    if (synced_) return {};
    FAILPOINT(walBeforeSync);
    TRY(tail().sync_data());
    FAILPOINT(walAfterSync);
    synced_ = true;
    return {};
  });
}

// What a segment begins with. Its marker gives the log's key to those who read on from here.
void Wal::append_head() {
  std::string metadata;
  encode(metadata_, metadata);
  frames_.append_crc();
  frames_.append(RecordType::kMetadata, metadata);
  if (segments_.empty()) append_snapshot({});
  if (hard_state_ != raft::HardState{}) append_hard_state();
  frames_.append_crc(Marker{marker_key_, frames_.bytes().size()}.encode());
}

void Wal::append_entry(const raft::Entry& entry) {
  CHECK(entry.index <= last_index_.next(), entry.index, last_index_);
  std::string head;
  raft::encode({entry.term, entry.index, entry.type, {}}, head);
  if (!entry.data.empty()) base::WireWriter(head).bytes_header(4, entry.data.size());
  frames_.append(RecordType::kEntry, head, entry.data.view());
  last_index_ = entry.index;
}

void Wal::append_hard_state() {
  std::string bytes;
  raft::encode(hard_state_, bytes);
  frames_.append(RecordType::kHardState, bytes);
}

void Wal::append_snapshot(const Snapshot& snapshot) {
  std::string bytes;
  encode(snapshot, bytes);
  frames_.append(RecordType::kSnapshot, bytes);
}

Status Wal::flush(base::File& file) {
  TRY(file.pwrite(offset_, frames_.bytes()));
  offset_ += frames_.bytes().size();
  bytes_written_ += frames_.bytes().size();
  frames_.clear();
  return {};
}

Status Wal::prepare_next_segment() {
  if (next_) return {};
  const std::string path = base::join_path(folder_, kNextName);
  TRY_ASSIGN(auto file, files_.open(path, OpenMode::kCreateTruncate));
  const Status allocated = file->allocate(options_.segment_bytes);
  prepare_failed_ = !allocated;
  if (prepare_failed_) {
    file.reset();
    (void)files_.remove(path);
    return allocated;
  }
  next_ = std::move(file);
  return {};
}

// The old segment is durable whole before the new one has a name, and the new one's head before that too.
Status Wal::cut() {
  TRY(tail().truncate(offset_));
  TRY(tail().sync());
  TRY(prepare_next_segment());
  prepare_failed_ = false;
  offset_ = 0;
  append_head();
  TRY(flush(*next_));
  TRY(next_->sync());
  const SegmentName name{segments_.back().name.sequence + 1, last_index_.next()};
  TRY(files_.rename(next_->path(), base::join_path(folder_, name.text())));
  if (!PLANTED(wal_segment_has_no_durable_name)) TRY(files_.sync_directory(folder_));
  next_.reset();
  return add_segment(name);
}

Status Wal::add_segment(const SegmentName& name) {
  TRY_ASSIGN(auto opened, open_segments(files_, folder_, {name}, OpenMode::kReadWrite));
  segments_.push_back(std::move(opened.front()));
  synced_ = true;
  return {};
}

void Wal::release_to(LogIndex index) {
  std::size_t released = segments_.size() - 1;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].name.first_index < index) continue;
    released = i > 0 ? i - 1 : 0;
    break;
  }
  segments_.erase(segments_.begin(), std::next(segments_.begin(), static_cast<std::ptrdiff_t>(released)));
}

bool exists(FileSystem& files, const std::string& folder) {
  const auto segments = list_segments(files, folder);
  return segments && !segments->empty();
}

}  // namespace etcd::wal
