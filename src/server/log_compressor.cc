#include "server/log_compressor.h"

#include "rpc/gzip.h"

namespace etcd::server {

namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

}  // namespace

bool LogCompressor::step() {
  if (waiting_.empty()) return false;
  Status done = source_ == nullptr ? begin() : Status();
  if (done.has_value()) done = compress_piece();
  if (!done.has_value()) give_up();
  return true;
}

Status LogCompressor::begin() {
  TRY_ASSIGN(source_, files_.open(waiting_.front(), base::OpenMode::kRead));
  TRY_ASSIGN(target_, files_.open(waiting_.front() + std::string(kSuffix), base::OpenMode::kCreateTruncate));
  return {};
}

Status LogCompressor::compress_piece() {
  std::string piece(kPieceBytes, '\0');
  TRY_ASSIGN(const std::size_t got, source_->pread(read_, piece.data(), piece.size()));
  if (got > 0) {
    const std::string compressed = rpc::gzip(std::string_view(piece).substr(0, got));
    TRY(target_->pwrite(written_, compressed));
    read_ += got;
    written_ += compressed.size();
  }
  if (got == kPieceBytes) return {};
  TRY(files_.remove(waiting_.front()));
  end();
  return {};
}

void LogCompressor::give_up() {
  if (target_ != nullptr) (void)files_.remove(waiting_.front() + std::string(kSuffix));
  end();
}

void LogCompressor::end() {
  source_.reset();
  target_.reset();
  read_ = written_ = 0;
  waiting_.pop_front();
}

}  // namespace etcd::server
