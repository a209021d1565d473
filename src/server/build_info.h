// What --version, the logs and the metrics say about this build.
#pragma once

#include <string_view>

namespace etcd::server {

// The release of etcd whose API, protocols and files this server has. Tools compare it.
inline constexpr std::string_view kVersion = "3.7.3";

// The commit of the source, short; "Not provided" where it was not built from a git checkout.
std::string_view git_sha();

// Where etcd names the Go release that it was built with.
#if defined(__clang__)
inline constexpr std::string_view kToolchain = "none (C++20, clang++ " __clang_version__ ")";
#else
inline constexpr std::string_view kToolchain = "none (C++20, g++ " __VERSION__ ")";
#endif

inline constexpr std::string_view kOs = "linux";
#if defined(__x86_64__)
inline constexpr std::string_view kArch = "amd64";
#elif defined(__aarch64__)
inline constexpr std::string_view kArch = "arm64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
inline constexpr std::string_view kArch = "ppc64le";
#elif defined(__s390x__)
inline constexpr std::string_view kArch = "s390x";
#else
#error "etcd supports amd64, arm64, ppc64le and s390x"
#endif

}  // namespace etcd::server
