// Result<T>: a value or an Error. Status: success or an Error.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace etcd {

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
 public:
  using tl::expected<void, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(Errc code, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace etcd

#define ETCD_CONCAT_INNER(a, b) a##b
#define ETCD_CONCAT(a, b) ETCD_CONCAT_INNER(a, b)

// TRY(expression): returns the error of a Status to the caller.
#define TRY(expression)                                                       \
  do {                                                                        \
    if (auto try_result = (expression); !try_result.has_value())              \
      return ::etcd::fail(std::move(try_result).error());                     \
  } while (false)

// TRY_ASSIGN(auto x, expression): declares x from the value of a Result, or returns its error to the caller.
#define TRY_ASSIGN(declaration, expression)                                                     \
  auto ETCD_CONCAT(try_, __LINE__) = (expression);                                              \
  if (!ETCD_CONCAT(try_, __LINE__).has_value())                                                 \
    return ::etcd::fail(std::move(ETCD_CONCAT(try_, __LINE__)).error());                        \
  declaration = std::move(*ETCD_CONCAT(try_, __LINE__))
