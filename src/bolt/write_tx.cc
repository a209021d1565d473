#include "bolt/write_tx.h"

#include <utility>

#include "base/check.h"
#include "bolt/bucket_state.h"
#include "bolt/commit.h"

namespace etcd::bolt {

WriteTxState::WriteTxState(Db::State& owner, std::shared_ptr<const Version> base_version)
    : db(owner),
      base(std::move(base_version)),
      space(*owner.freelist, base->meta().high_water),
      context{base->pages(), space, arena},
      root(context, {.page = base->meta().root}, base->meta().root_sequence, 0) {}

WriteTx::WriteTx(std::unique_ptr<WriteTxState> state) : state_(std::move(state)) {}
WriteTx::WriteTx(WriteTx&&) noexcept = default;
WriteTx::~WriteTx() {
  rollback();
}

Bucket& WriteTx::root() {
  CHECK(state_ != nullptr);
  return state_->root.handle;
}

std::uint64_t WriteTx::txid() const {
  CHECK(state_ != nullptr);
  return state_->base->meta().txid + 1;
}

Status WriteTx::commit(CommitTimer* timer) {
  CHECK(state_ != nullptr);
  const Status result = commit_changes(*state_, timer);
  if (result) {
    state_->db.writing = false;
    state_.reset();
  } else {
    rollback();
  }
  return result;
}

void WriteTx::rollback() {
  if (!state_) return;
  state_->space.roll_back();
  state_->db.writing = false;
  state_.reset();
}

}  // namespace etcd::bolt
