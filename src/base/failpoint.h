// Failpoints: places where a test can make the process sleep, end or fail, through the interface of etcd's own (gofail). They are there only in a build
// with ETCD_FAILPOINTS; in every other one the macros are nothing, and what is behind them is not linked.
//
//   FAILPOINT(raftBeforeSave);                       a place to sleep or to end at
//   FAILPOINT_ERROR(snapDBDirSyncError, Errc::kIo);  in a function that returns a Result: fails with the text that the terms give
//   if (FAILPOINT_SAYS_RETURN(raftDropHeartbeat)) continue;
#pragma once

#ifdef ETCD_FAILPOINTS
#include "base/failpoints.h"

namespace etcd::base {

// Those of this process. Never destroyed: threads may come by until the end.
Failpoints& failpoints();

// The text of `return("text")`, "" for another value, nothing if the terms do not say `return`.
std::optional<std::string> failpoint_text(FailpointName name);

}  // namespace etcd::base

#define FAILPOINT(name) static_cast<void>(::etcd::base::failpoints().pass(::etcd::base::FailpointName::name))
#define FAILPOINT_SAYS_RETURN(name) ::etcd::base::failpoints().pass(::etcd::base::FailpointName::name).has_value()
#define FAILPOINT_ERROR(name, code)                                                                              \
  do {                                                                                                           \
    if (auto failpoint_text = ::etcd::base::failpoint_text(::etcd::base::FailpointName::name); failpoint_text)  \
      return ::etcd::fail(code, *failpoint_text);                                                                \
  } while (false)
#else
#define FAILPOINT(name) static_cast<void>(0)
#define FAILPOINT_SAYS_RETURN(name) false
#define FAILPOINT_ERROR(name, code) static_cast<void>(0)
#endif
