// Failpoints: all failpoints of the process and what each is set to.
//
// Owner: whoever made it; any thread. Invariant: nobody panics between hold_panics() and release_panics(), so who asked for a panic still gets its answer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

#include "base/failpoint_names.h"
#include "base/failpoint_terms.h"
#include "base/result.h"

namespace etcd::base {

class Failpoints {
 public:
  // What the terms do to the world.
  struct Actions {
    std::function<void(std::int64_t ns)> sleep;
    std::function<void(const std::string& why)> panic;  // may return only in tests
    std::function<void(const std::string& line)> print;
    std::function<double()> draw;  // in [0, 1); called with a lock held
  };
  // Sleeps, ends the process with Go's exit code of a panic, 2, and prints to standard output.
  static Actions real_actions();

  explicit Failpoints(Actions actions) : actions_(std::move(actions)) {}

  // Called where the failpoint is: does what its terms say. Returns the value if they say `return`.
  std::optional<FailValue> pass(FailpointName name);

  // kNotExist for an unknown name, kInvalid for terms that can't be read.
  Status set(std::string_view name, std::string_view terms);
  // "name=terms;name=terms", all or none. Unknown names are passed over, as etcd does with what the environment says.
  Status set_from_environment(std::string_view settings);
  // "name=terms;name=terms" up to the first that is refused.
  Status set_all(std::string_view settings);
  // kNotExist for an unknown name, kInvalid for one that is not set.
  Status clear(std::string_view name);

  struct Setting {
    std::string terms;
    std::uint64_t count = 0;
  };
  // As clear().
  Result<Setting> setting(std::string_view name) const;
  // A line "name=terms" for each, sorted; the terms are empty where it is not set.
  std::string list() const;

  // Any two threads. Not twice without a release in between.
  void hold_panics() { panics_.acquire(); }
  void release_panics() { panics_.release(); }

 private:
  struct Point {
    std::atomic<bool> is_set = false;  // read first, so that what is not set costs nearly nothing
    mutable std::mutex mutex;
    std::optional<FailTerms> terms;
  };

  static Result<std::size_t> place_of(std::string_view name);
  void sleep(std::string_view name, const FailValue& value);
  void panic(std::string_view name, const FailValue& value);

  Actions actions_;
  std::array<Point, kFailpointNames.size()> points_;
  std::binary_semaphore panics_{1};
};

}  // namespace etcd::base
