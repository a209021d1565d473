// LargeRange: the answer to a Range that lists much, encoded while it is sent, so that it never lies in memory as a whole and its first bytes leave
// at once.
//
// Owner: the Rope of the response, on its connection's loop. It holds the ReadView that it reads, and with it pages of the db that could be used
// again: for a client that takes longer than kPatienceNs what is left is copied to memory and the view let go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "apply/response.h"
#include "base/bytes.h"
#include "base/unique_function.h"
#include "mvcc/range.h"
#include "mvcc/read_view.h"
#include "rpc/loop.h"

namespace etcd::api {

class LargeRange final : public base::RopeSource {
 public:
  // From so many bytes of key-values on it pays.
  static constexpr std::size_t kLargeBytes = 256 * 1024;
  static constexpr std::int64_t kPatienceNs = 5'000'000'000;

  static bool is_large(const mvcc::RangeResult& result);

  // `result` is of `view`. On the thread of `loop`, which must outlive it. `on_gone` is called when the answer has left or was given up: whoever
  // wants to know makes the next one then.
  LargeRange(const apply::ResponseHeader& header, mvcc::ReadViewRef view, mvcc::RangeResult result, rpc::Loop& loop,
             base::UniqueFunction<void()> on_gone = {});
  ~LargeRange() override;

  std::size_t size() const override { return left_; }
  void append_next(std::size_t count, std::string& out) override;
  bool is_rationed() const override { return is_rationed_; }

 private:
  void next_part();
  void copy_rest();

  mvcc::ReadViewRef view_;
  mvcc::RangeResult result_;
  std::string small_;       // start, a tag, end or - once the view is gone - all that was left
  std::string_view part_;   // what comes next, in small_ or in the view
  std::size_t place_ = 0;   // of the key-value whose tag comes after part_
  bool tag_is_out_ = false;  // of that key-value
  std::size_t left_ = 0;
  rpc::Timer patience_;
  base::UniqueFunction<void()> on_gone_;
  const bool is_rationed_;
};

}  // namespace etcd::api
