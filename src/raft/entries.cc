#include "raft/entries.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace etcd::raft {

Entries::Entries(std::vector<Entry> entries) {
  if (entries.empty()) return;
  auto block = std::make_shared<const std::vector<Entry>>(std::move(entries));
  size_ = block->size();
  const Entry* first = block->data();
  only_ = {std::move(block), first, size_};
}

const Entry& Entries::operator[](std::size_t i) const {
  CHECK(i < size_, i, size_);
  const Piece* piece = pieces().data();
  while (i >= piece->count) i -= (piece++)->count;
  return piece->first[i];
}

Entries Entries::suffix(std::size_t from) const {
  CHECK(from <= size_, from, size_);
  Entries rest;
  for (const Piece& piece : pieces()) {
    std::size_t skip = std::min(from, piece.count);
    from -= skip;
    rest.add({piece.owner, piece.first + skip, piece.count - skip});
  }
  return rest;
}

void Entries::add(Piece piece) {
  if (piece.count == 0) return;
  size_ += piece.count;
  if (size_ == piece.count) {
    only_ = std::move(piece);
  } else {
    if (several_.empty()) several_.push_back(std::exchange(only_, {}));
    several_.push_back(std::move(piece));
  }
}

bool operator==(const Entries& a, const Entries& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

std::size_t payload_bytes(const Entries& entries) {
  std::size_t sum = 0;
  for (const Entry& entry : entries) sum += entry.data.size();
  return sum;
}

}  // namespace etcd::raft
