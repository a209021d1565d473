// CHECK: a broken invariant ends the process, in every build, with the values that broke it.
#pragma once

#include <sstream>
#include <string>

namespace etcd::base {

// Prints "CHECK failed: <condition> (<values>) at <file>:<line>" to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& values);

template <typename... Values>
[[noreturn]] void check_failed_with(const char* condition, const char* file, int line, const Values&... values) {
  std::ostringstream text;
  ((text << values << ' '), ...);
  check_failed(condition, file, line, text.str());
}

}  // namespace etcd::base

// CHECK(condition, values...): the values are printed only on failure. Not for bad input: that is a Result.
#define CHECK(condition, ...)                                                                              \
  (static_cast<bool>(condition)                                                                            \
       ? void(0)                                                                                           \
       : ::etcd::base::check_failed_with(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__))
