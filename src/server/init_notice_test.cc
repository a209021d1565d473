#include "server/init_notice.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace etcd::server {
namespace {

// What systemd listens on.
class InitSocket {
 public:
  // `name` begins with a '/' or, for a name that is no path, with a zero byte.
  explicit InitSocket(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~InitSocket() { ::close(socket_); }

  std::string received() {
    char bytes[100];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(bytes, static_cast<std::size_t>(size));
  }

 private:
  int socket_ = ::socket(AF_UNIX, SOCK_DGRAM, 0);
};

TEST(InitNotice, ReachesASocketWithAPath) {
  const std::string path = ::testing::TempDir() + "init-" + std::to_string(::getpid());
  InitSocket init(path);
  EXPECT_TRUE(send_ready(path));
  EXPECT_EQ(init.received(), "READY=1");
  ::unlink(path.c_str());
}

TEST(InitNotice, ReachesASocketWithoutAPath) {
  const std::string name = "etcd-init-notice-" + std::to_string(::getpid());
  InitSocket init(std::string(1, '\0') + name);
  EXPECT_TRUE(send_ready("@" + name));
  EXPECT_EQ(init.received(), "READY=1");
}

TEST(InitNotice, IsNothingWhereNobodyAskedForIt) { EXPECT_TRUE(send_ready("")); }

TEST(InitNotice, ASocketThatIsNotThereIsAnError) {
  const Status sent = send_ready("/nowhere/at/all");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::kIo);
  EXPECT_FALSE(send_ready(std::string(200, 'x')));
}

}  // namespace
}  // namespace etcd::server
