#include "base/bytes.h"

#include "base/check.h"

namespace etcd::base {

SharedBytes::SharedBytes(std::string bytes) {
  if (bytes.empty()) return;
  auto block = std::make_shared<const std::string>(std::move(bytes));
  view_ = *block;
  owner_ = std::move(block);
}

SharedBytes SharedBytes::slice(std::size_t offset, std::size_t length) const {
  CHECK(offset <= view_.size() && length <= view_.size() - offset, offset, length, view_.size());
  return SharedBytes(owner_, view_.substr(offset, length));
}

SharedBytes SharedBytes::slice(std::string_view inside) const {
  if (inside.empty()) return {};
  CHECK(inside.data() >= view_.data() && inside.data() + inside.size() <= view_.data() + view_.size());
  return SharedBytes(owner_, inside);
}

void Rope::append(std::string_view bytes) {
  make_all();
  size_ += bytes.size();
  tail_.append(bytes);
  if (tail_.size() >= kChunkBytes) seal_tail();
}

void Rope::append(SharedBytes bytes) {
  if (bytes.size() < kShareBytes) return append(bytes.view());
  make_all();
  seal_tail();
  size_ += bytes.size();
  pieces_.push_back(std::move(bytes));
}

void Rope::append(Rope&& other) {
  for (const SharedBytes& piece : other.pieces()) append(piece);
  other = Rope();
}

const std::vector<SharedBytes>& Rope::pieces() {
  make_all();
  seal_tail();
  return pieces_;
}

std::string Rope::flatten() const {
  make_all();
  std::string all;
  all.reserve(size_);
  for (const SharedBytes& piece : pieces_) all.append(piece.view());
  all.append(tail_);
  return all;
}

void Rope::make_all() const {
  if (source_ == nullptr) return;
  const auto source = std::move(source_);
  source->append_next(source->size(), tail_);
}

void Rope::seal_tail() {
  if (tail_.empty()) return;
  pieces_.emplace_back(std::move(tail_));
  tail_ = std::string();
}

}  // namespace etcd::base
