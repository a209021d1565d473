// SharedBytes: immutable bytes that many owners share; Rope: a sequence of such pieces.
//
// A payload is encoded once and then shared by log, WAL, peers, apply and watchers. Owned, growing bytes are std::string; a look at somebody
// else's bytes is std::string_view.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace etcd::base {

// A slice of an immutable, reference-counted block. Copying shares; slicing shares. Safe to read and to copy from any thread.
class SharedBytes {
 public:
  SharedBytes() = default;
  // Takes over `bytes` without copying them.
  explicit SharedBytes(std::string bytes);
  static SharedBytes copy_of(std::string_view bytes) { return SharedBytes(std::string(bytes)); }
  // Bytes kept alive by `owner` (an arena block, a db mapping).
  SharedBytes(std::shared_ptr<const void> owner, std::string_view bytes) : owner_(std::move(owner)), view_(bytes) {}

  std::string_view view() const { return view_; }
  const char* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  // The part [offset, offset + length); CHECKs that it is inside.
  SharedBytes slice(std::size_t offset, std::size_t length) const;
  // The same for a view that is known to lie inside these bytes (as a decoder returns it).
  SharedBytes slice(std::string_view inside) const;

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) { return a.view_ == b.view_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

// Bytes of known number that are made when they are needed, front to back. Owner: the Rope it is given to.
class RopeSource {
 public:
  virtual ~RopeSource() = default;
  // Bytes that are left.
  virtual std::size_t size() const = 0;
  // Makes the next `count` bytes, at most size(), at the end of `out`.
  virtual void append_next(std::size_t count, std::string& out) = 0;
  // True if its maker sees to it that only one of them waits for a slow reader: nobody else has to count what is left.
  virtual bool is_rationed() const { return false; }
};

// A byte sequence in pieces. Small appends gather in a chunk of their own; large pieces are shared, not copied. Movable, one owner.
class Rope {
 public:
  Rope() = default;
  explicit Rope(std::string bytes) { append(SharedBytes(std::move(bytes))); }
  // Nothing but what `source` makes. Appending to it, pieces() and flatten() make it all.
  explicit Rope(std::unique_ptr<RopeSource> source) : size_(source->size()), source_(std::move(source)) {}
  Rope(Rope&&) = default;
  Rope& operator=(Rope&&) = default;

  void append(std::string_view bytes);          // copies
  void append(SharedBytes bytes);               // shares when large, copies when small
  void append(Rope&& other);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The pieces in order; none is empty.
  const std::vector<SharedBytes>& pieces();
  // The same without sealing what is still gathering: the finished pieces, then the bytes after them. For a writer that copies small bytes
  // out again, so that a short rope costs no block.
  const std::vector<SharedBytes>& sealed() const { return pieces_; }
  std::string_view tail() const { return tail_; }
  // What makes the rest, null if all is there; from then on the writer's to use up.
  RopeSource* source() const { return source_.get(); }
  std::string flatten() const;

 private:
  void seal_tail();
  void make_all() const;

  static constexpr std::size_t kChunkBytes = 16 * 1024;   // a gathered chunk is cut at about this size
  static constexpr std::size_t kShareBytes = 1024;        // from this size on a SharedBytes is shared

  std::vector<SharedBytes> pieces_;
  std::size_t size_ = 0;
  // A source, only of a rope that has nothing else, or what it made: the same bytes either way.
  mutable std::string tail_;
  mutable std::unique_ptr<RopeSource> source_;
};

}  // namespace etcd::base
