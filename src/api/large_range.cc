#include "api/large_range.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace etcd::api {

bool LargeRange::is_large(const mvcc::RangeResult& result) {
  std::size_t bytes = 0;
  for (const std::string_view kv : result.kvs) {
    if ((bytes += kv.size()) >= kLargeBytes) return true;
  }
  return false;
}

LargeRange::LargeRange(const apply::ResponseHeader& header, mvcc::ReadViewRef view, mvcc::RangeResult result, rpc::Loop& loop,
                       base::UniqueFunction<void()> on_gone)
    : view_(std::move(view)),
      result_(std::move(result)),
      small_(apply::range_response_start(header)),
      part_(small_),
      patience_([this] { copy_rest(); }),
      on_gone_(std::move(on_gone)),
      is_rationed_(static_cast<bool>(on_gone_)) {
  left_ = small_.size() + apply::range_response_end(result_).size();
  std::string tag;
  for (const std::string_view kv : result_.kvs) {
    tag.clear();
    apply::append_range_kv_tag(tag, kv.size());
    left_ += tag.size() + kv.size();
  }
  loop.timers().start(patience_, loop.now_ns() + kPatienceNs);
}

LargeRange::~LargeRange() {
  if (on_gone_) on_gone_();
}

void LargeRange::append_next(std::size_t count, std::string& out) {
  CHECK(count <= left_, count, left_);
  left_ -= count;
  while (count > 0) {
    if (part_.empty()) next_part();
    const std::size_t some = std::min(count, part_.size());
    out.append(part_.substr(0, some));
    part_.remove_prefix(some);
    count -= some;
  }
}

void LargeRange::next_part() {
  small_.clear();
  if (place_ == result_.kvs.size()) {
    small_ = apply::range_response_end(result_);
    part_ = small_;
  } else if (std::exchange(tag_is_out_, !tag_is_out_)) {
    part_ = result_.kvs[place_++];
  } else {
    apply::append_range_kv_tag(small_, result_.kvs[place_].size());
    part_ = small_;
  }
}

void LargeRange::copy_rest() {
  std::string rest;
  const std::size_t left = left_;
  rest.reserve(left);
  append_next(left, rest);
  left_ = left;
  small_ = std::move(rest);
  part_ = small_;
  place_ = 0;
  result_ = {};
  view_ = {};
}

}  // namespace etcd::api
