// UniqueFunction: std::function for callables that can only be moved (a call's responder, a promise). One owner, called as often as wanted.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace etcd::base {

template <typename Signature>
class UniqueFunction;

// Callables of up to 48 bytes are kept in place; larger ones take one allocation. Moving leaves the source empty.
template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)

  template <typename F>
    requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  UniqueFunction(F&& callable) {  // NOLINT(google-explicit-constructor)
    using Callable = std::decay_t<F>;
    if constexpr (fits<Callable>()) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
      vtable_ = &kInPlace<Callable>;
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(callable)));
      vtable_ = &kOnHeap<Callable>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return vtable_ != nullptr; }
  R operator()(Args... args) {
    CHECK(vtable_ != nullptr);
    return vtable_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInPlaceBytes = 48;

  struct VTable {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;  // destroys `from`
    void (*destroy)(void*) noexcept;
  };

  template <typename F>
  static constexpr bool fits() {
    return sizeof(F) <= kInPlaceBytes && alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;
  }

  template <typename F>
  static constexpr VTable kInPlace = {
      [](void* at, Args&&... args) -> R { return (*static_cast<F*>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept {
        ::new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* at) noexcept { static_cast<F*>(at)->~F(); }};

  template <typename F>
  static constexpr VTable kOnHeap = {
      [](void* at, Args&&... args) -> R { return (**static_cast<F**>(at))(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept { ::new (to) F*(*static_cast<F**>(from)); },
      [](void* at) noexcept { delete *static_cast<F**>(at); }};

  void take(UniqueFunction& other) noexcept {
    if (other.vtable_ == nullptr) return;
    other.vtable_->move(other.storage_, storage_);
    vtable_ = std::exchange(other.vtable_, nullptr);
  }
  void reset() noexcept {
    if (vtable_ != nullptr) std::exchange(vtable_, nullptr)->destroy(storage_);
  }

  alignas(std::max_align_t) unsigned char storage_[kInPlaceBytes];
  const VTable* vtable_ = nullptr;
};

}  // namespace etcd::base
