#include "tls/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

#include "base/check.h"

namespace etcd::tls {

namespace {

int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool can_be_tried_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int put(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (count < 0 && can_be_tried_again()) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int get(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = recv(fd_of(bio), bytes, static_cast<std::size_t>(size), 0);
  if (count < 0 && can_be_tried_again()) BIO_set_retry_read(bio);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(count);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

}  // namespace

BioMethodPtr socket_method() {
  constexpr int kType = BIO_TYPE_SOURCE_SINK | 0x7f;  // nobody asks for it, and OpenSSL's own numbers run out
  BioMethodPtr method(BIO_meth_new(kType, "socket"));
  CHECK(method != nullptr);
  BIO_meth_set_write(method.get(), put);
  BIO_meth_set_read(method.get(), get);
  BIO_meth_set_ctrl(method.get(), control);
  return method;
}

BIO* new_socket_bio(const BIO_METHOD* method, int fd) {
  BIO* const bio = BIO_new(method);
  CHECK(bio != nullptr);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace etcd::tls
