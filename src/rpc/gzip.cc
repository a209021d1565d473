#include "rpc/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace etcd::rpc {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kFirstOutput = 16 * 1024;

class Inflater {
 public:
  explicit Inflater(std::string_view input) : input_(input) {
    CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK, "out of memory");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills [at, out.size()) as far as the input goes; returns zlib's answer and moves `at`.
  int fill(std::string& out, std::size_t& at) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(input_.size(), std::numeric_limits<uInt>::max()));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + at);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size() - at, std::numeric_limits<uInt>::max()));
    const auto offered_in = stream_.avail_in;
    const auto offered_out = stream_.avail_out;
    const int answer = inflate(&stream_, Z_NO_FLUSH);
    input_.remove_prefix(offered_in - stream_.avail_in);
    at += offered_out - stream_.avail_out;
    return answer;
  }

  void next_member() { CHECK(inflateReset(&stream_) == Z_OK); }
  bool input_left() const { return !input_.empty(); }

 private:
  std::string_view input_;
  z_stream stream_{};
};

tl::unexpected<Error> damaged(const char* what) {
  return fail(Errc::kInvalid, what);
}

}  // namespace

Result<std::string> gunzip(std::string_view compressed, std::size_t max_bytes) {
  Inflater inflater(compressed);
  const std::size_t limit = max_bytes + 1;
  std::string out(std::min(limit, kFirstOutput), '\0');
  std::size_t at = 0;
  while (at < limit) {
    if (at == out.size()) out.resize(std::min(limit, out.size() * 2));
    const int answer = inflater.fill(out, at);
    if (answer == Z_STREAM_END) {
      if (!inflater.input_left()) break;
      inflater.next_member();
    } else if (answer == Z_BUF_ERROR || (answer == Z_OK && !inflater.input_left() && at < out.size())) {
      return damaged("unexpected EOF");
    } else if (answer != Z_OK) {
      return damaged("gzip: invalid data");
    }
  }
  out.resize(at);
  return out;
}

std::string gzip(std::string_view plain) {
  constexpr int kUsualMemory = 8;
  z_stream stream{};
  CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipOnly, kUsualMemory, Z_DEFAULT_STRATEGY) == Z_OK);
  CHECK(plain.size() <= std::numeric_limits<uInt>::max() / 2, plain.size());
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace etcd::rpc
