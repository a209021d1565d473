#include "bolt/db.h"

#include <utility>

#include "base/check.h"
#include "bolt/bucket_state.h"
#include "bolt/db_state.h"
#include "bolt/open_file.h"
#include "bolt/reachable.h"

namespace etcd::bolt {

Db::Db(std::unique_ptr<State> state) : state_(std::move(state)) {}

Db::~Db() {
  CHECK(!state_->writing, state_->path);
}

Result<std::unique_ptr<Db>> Db::open(base::FileSystem& fs, const std::string& path, const Options& options) {
  TRY_ASSIGN(OpenedFile opened, open_file(fs, path, options));
  auto state = std::make_unique<State>();
  state->options = options;
  state->path = path;
  state->file_size = opened.file_size;
  state->store = std::make_shared<const Store>(Store{std::move(opened.file), std::move(opened.mapping)});
  state->publish(std::make_shared<const Version>(state->store, opened.meta));
  return std::unique_ptr<Db>(new Db(std::move(state)));
}

ReadTx Db::begin_read() const {
  return ReadTx(state_->newest_version());
}

Status Db::load_freelist() {
  if (state_->freelist) return {};
  const std::shared_ptr<const Version> version = state_->newest_version();
  TRY_ASSIGN(const PageSet reachable, reachable_pages(version->pages(), version->meta()));
  PageSet free;
  const PageId high_water = version->meta().high_water;
  for (PageId page = reachable.next_absent(PageId(2)); page < high_water;) {
    const PageId end = std::min(reachable.next(page).value_or(high_water), high_water);
    free.insert(page, end.value - page.value);
    page = reachable.next_absent(end);
  }
  state_->freelist.emplace(std::move(free), version->pin());
  state_->update_sizes();
  return {};
}

Result<WriteTx> Db::begin_write() {
  CHECK(!state_->writing, state_->path);
  if (state_->broken) return fail(*state_->broken);
  TRY(load_freelist());
  state_->freelist->release();
  state_->writing = true;
  return WriteTx(std::make_unique<WriteTxState>(*state_, state_->newest_version()));
}

std::uint64_t Db::size_bytes() const {
  return state_->size_bytes.load(std::memory_order_relaxed);
}
std::uint64_t Db::in_use_bytes() const {
  return state_->in_use_bytes.load(std::memory_order_relaxed);
}
std::uint32_t Db::page_size() const {
  return state_->newest_version()->meta().page_size;
}
const std::string& Db::path() const {
  return state_->path;
}

Result<std::vector<std::string>> Db::verify_pages() {
  CHECK(!state_->writing, state_->path);
  TRY(load_freelist());
  const std::shared_ptr<const Version> version = state_->newest_version();
  TRY_ASSIGN(const PageSet reachable, reachable_pages(version->pages(), version->meta()));
  std::vector<std::string> faults;
  for (PageId page(2); page < version->meta().high_water; page = page.next()) {
    const int uses = int{reachable.contains(page)} + int{state_->freelist->free().contains(page)} +
                     int{state_->freelist->is_awaiting(page)};
    if (uses != 1) {
      faults.push_back("page " + std::to_string(page.value) + " counts " + std::to_string(uses) + " times");
    }
  }
  return faults;
}

void Db::State::publish(std::shared_ptr<const Version> version) {
  {
    const std::lock_guard lock(mutex);
    newest.swap(version);
  }
  update_sizes();
  // `version`, the one before, goes here unless a reader has it: outside the mutex.
}

void Db::State::update_sizes() {
  const std::uint64_t size = newest->size_bytes();
  const std::uint64_t unused = freelist ? freelist->free().size() + freelist->awaiting() : 0;
  size_bytes.store(size, std::memory_order_relaxed);
  in_use_bytes.store(size - unused * newest->meta().page_size, std::memory_order_relaxed);
}

}  // namespace etcd::bolt
