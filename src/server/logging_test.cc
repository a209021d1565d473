#include "server/logging.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/testing/crash_fs.h"
#include "rpc/gzip.h"
#include "server/journal_log.h"
#include "server/rotating_log.h"

namespace etcd::server {
namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;

class SetClock : public base::Clock {
 public:
  std::int64_t monotonic_ns() override { return now_ns; }
  std::int64_t wall_ns() override { return now_ns; }
  std::int64_t now_ns = 20454 * kDay;  // 2026-01-01T00:00:00Z
};

class KeptLines : public base::LogSink {
 public:
  void write(std::string_view line) override { text.append(line); }
  std::string text;
};

class RotatingLogTest : public testing::Test {
 protected:
  std::shared_ptr<RotatingLog> open(RotationLimits limits) {
    auto log = RotatingLog::open("/log/etcd.log", limits, files_, clock_);
    EXPECT_TRUE(log.has_value());
    return *log;
  }
  void SetUp() override { ASSERT_TRUE(files_.make_directory("/log").has_value()); }

  base::CrashFs files_;
  SetClock clock_;
};

TEST_F(RotatingLogTest, AFullFileIsSetAsideUnderItsDate) {
  const auto log = open({.max_bytes = 10});
  log->write("12345\n");
  clock_.now_ns += 1'234'000'000;
  log->write("67890\n");
  EXPECT_EQ(files_.contents("/log/etcd-2026-01-01T00-00-01.234.log"), "12345\n");
  EXPECT_EQ(files_.contents("/log/etcd.log"), "67890\n");
}

TEST_F(RotatingLogTest, ALineLongerThanTheLimitIsWrittenWhole) {
  const auto log = open({.max_bytes = 4});
  log->write("0123456789\n");
  EXPECT_EQ(files_.contents("/log/etcd.log"), "0123456789\n");
}

TEST_F(RotatingLogTest, AnExistingFileIsGoneOnWith) {
  open({.max_bytes = 100})->write("a\n");
  open({.max_bytes = 100})->write("b\n");
  EXPECT_EQ(files_.contents("/log/etcd.log"), "a\nb\n");
}

TEST_F(RotatingLogTest, OldFilesOverTheNumberAreRemovedButNoOthers) {
  (void)files_.open("/log/etcd-notes.log", base::OpenMode::kCreate);
  (void)files_.open("/log/other-2020-01-01T00-00-00.000.log", base::OpenMode::kCreate);
  const auto log = open({.max_bytes = 1, .max_backups = 2});
  for (int i = 0; i < 5; ++i) {
    clock_.now_ns += 1'000'000'000;
    log->write("x");
  }
  EXPECT_EQ(*files_.list("/log"),
            (std::vector<std::string>{"etcd-2026-01-01T00-00-04.000.log", "etcd-2026-01-01T00-00-05.000.log", "etcd-notes.log", "etcd.log",
                                      "other-2020-01-01T00-00-00.000.log"}));
}

TEST_F(RotatingLogTest, OldFilesOverTheAgeAreRemoved) {
  const auto log = open({.max_bytes = 1, .max_age_days = 2});
  log->write("x");
  log->write("x");
  clock_.now_ns += 3 * kDay;
  log->write("x");
  EXPECT_EQ(*files_.list("/log"), (std::vector<std::string>{"etcd-2026-01-04T00-00-00.000.log", "etcd.log"}));
}

TEST_F(RotatingLogTest, AFileThatCannotBeSetAsideGrowsOn) {
  const auto log = open({.max_bytes = 1});
  log->write("a");
  files_.set_fault_rule([](const base::FileOperation& op) -> std::optional<base::Fault> {
    return op.call == base::FileCall::kRename ? std::optional<base::Fault>(base::Fault{}) : std::nullopt;
  });
  log->write("b");
  EXPECT_EQ(files_.contents("/log/etcd.log"), "ab");
}

TEST_F(RotatingLogTest, AFullFileIsCompressedWhileLinesFollow) {
  std::string first;
  for (int i = 0; i < 20'000; ++i) first += "line " + std::to_string(i) + "\n";
  const auto log = open({.max_bytes = first.size(), .compress = true});
  log->write(first);
  clock_.now_ns += 1'000'000'000;
  const std::string backup = "/log/etcd-2026-01-01T00-00-01.000.log";
  log->write("x\n");
  EXPECT_EQ(files_.contents(backup), first) << "not all at once";
  for (std::size_t bytes = 0; bytes <= first.size(); bytes += 64 * 1024) log->write("x\n");
  EXPECT_EQ(*files_.list("/log"), (std::vector<std::string>{"etcd-2026-01-01T00-00-01.000.log.gz", "etcd.log"}));
  EXPECT_EQ(rpc::gunzip(files_.contents(backup + ".gz"), 1 << 20).value_or(""), first);
}

TEST_F(RotatingLogTest, WhatAnEarlierRunDidNotCompressIsCompressed) {
  const std::string backup = "/log/etcd-2026-01-01T00-00-01.000.log";
  ASSERT_TRUE((*files_.open(backup, base::OpenMode::kCreate))->pwrite(0, "old\n").has_value());
  const auto log = open({.max_backups = 1, .compress = true});
  log->write("x\n");
  EXPECT_EQ(*files_.list("/log"), (std::vector<std::string>{"etcd-2026-01-01T00-00-01.000.log.gz", "etcd.log"}));
  EXPECT_EQ(rpc::gunzip(files_.contents(backup + ".gz"), 100).value_or(""), "old\n");
}

TEST(RotationLimitsTest, AreReadFromTheFlagsJson) {
  const auto limits = RotationLimits::parse(R"({"maxsize": 5, "maxage": 1, "maxbackups": 2, "localtime": true, "compress": true})");
  ASSERT_TRUE(limits.has_value());
  EXPECT_EQ(limits->max_bytes, 5u * 1024 * 1024);
  EXPECT_EQ(limits->max_age_days, 1u);
  EXPECT_EQ(limits->max_backups, 2u);
  EXPECT_TRUE(limits->local_time);
  EXPECT_TRUE(limits->compress);
  EXPECT_EQ(RotationLimits::parse(R"({"maxsize": 0})")->max_bytes, 100u * 1024 * 1024);
}

TEST(RotationLimitsTest, OthersAreRefused) {
  EXPECT_TRUE(RotationLimits::parse("{").error().detail.starts_with("improperly formatted log rotation config: "));
  EXPECT_TRUE(RotationLimits::parse(R"({"maxsize": "a"})").error().detail.starts_with("invalid log rotation config: "));
}

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "journal." + std::to_string(getpid());
    socket_ = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void TearDown() override {
    close(socket_);
    std::remove(path_.c_str());
  }
  std::string path_;
  int socket_ = -1;
};

TEST_F(JournalTest, ALineBecomesADatagramWithItsLevelAsPriority) {
  const auto journal = JournalLog::open(std::make_shared<KeptLines>(), path_);
  ASSERT_TRUE(journal.has_value());
  (*journal)->write("{\"level\":\"warn\",\"msg\":\"x\"}\n");
  char datagram[512];
  const ssize_t size = recv(socket_, datagram, sizeof datagram, MSG_DONTWAIT);
  const std::string message = "{\"level\":\"warn\",\"msg\":\"x\"}";
  const std::string expected = "MESSAGE\n" + std::string(1, char(message.size())) + std::string(7, '\0') + message + "\n" + "PRIORITY\n" +
                               std::string(1, '\1') + std::string(7, '\0') + "4\n" + "SYSLOG_IDENTIFIER\n" + std::string(1, '\4') +
                               std::string(7, '\0') + "etcd\n";
  EXPECT_EQ(std::string(datagram, static_cast<std::size_t>(size)), expected);
}

TEST_F(JournalTest, WhatTheJournalDoesNotTakeGoesToTheFallback) {
  const auto fallback = std::make_shared<KeptLines>();
  const auto journal = JournalLog::open(fallback, path_);
  ASSERT_TRUE(journal.has_value());
  close(socket_);
  (*journal)->write("lost?\n");
  EXPECT_EQ(fallback->text, "lost?\n");
}

TEST(Journal, WithoutAJournalItIsNotOpened) {
  EXPECT_EQ(JournalLog::open(std::make_shared<KeptLines>(), "/nope/socket").error().detail,
            "can't find journal (dial unixgram /nope/socket: connect: No such file or directory)");
}

TEST(MakeLogger, WritesToAllOutputsFromTheLevelOn) {
  const auto out = std::make_shared<KeptLines>();
  const auto err = std::make_shared<KeptLines>();
  base::CrashFs files;
  SetClock clock;
  LoggingConfig config;
  config.outputs = {"stdout", "stderr"};
  config.level = "WARN";
  const auto logger = make_logger(config, {out, err, files, clock});
  ASSERT_TRUE(logger.has_value());
  (*logger)->info("no");
  (*logger)->warn("yes");
  EXPECT_NE(out->text.find("\"msg\":\"yes\""), std::string::npos);
  EXPECT_EQ(out->text, err->text);
}

// As etcd's: a flood of strangers must not fill the disk with lines about each of them.
TEST(MakeLogger, EqualLinesAreThinnedOutButNotThoseThatAProcessEndsWith) {
  const auto err = std::make_shared<KeptLines>();
  base::CrashFs files;
  SetClock clock;
  const auto logger = make_logger(LoggingConfig(), {err, err, files, clock});
  ASSERT_TRUE(logger.has_value());
  for (int i = 0; i < 1100; ++i) (*logger)->warn("rejected connection on client endpoint", {{"number", i}});
  EXPECT_EQ(std::count(err->text.begin(), err->text.end(), '\n'), 110);
  EXPECT_EQ((*logger)->left_out(), 990u);
  err->text.clear();
  struct Ended {};
  (*logger)->on_fatal([] { throw Ended(); });
  for (int i = 0; i < 150; ++i) EXPECT_THROW((*logger)->fatal("out of space"), Ended);
  EXPECT_EQ(std::count(err->text.begin(), err->text.end(), '\n'), 150);
}

TEST(MakeLogger, DevNullDropsEverything) {
  const auto err = std::make_shared<KeptLines>();
  base::CrashFs files;
  SetClock clock;
  LoggingConfig config;
  config.outputs = {"/dev/null", "stderr"};
  const auto logger = make_logger(config, {err, err, files, clock});
  ASSERT_TRUE(logger.has_value());
  (*logger)->error("dropped");
  EXPECT_EQ(err->text, "");
}

TEST(MakeLogger, AppendsToAPlainFile) {
  const std::string path = testing::TempDir() + "etcd-log." + std::to_string(getpid());
  base::CrashFs files;
  SetClock clock;
  LoggingConfig config;
  config.outputs = {path};
  for (int i = 0; i < 2; ++i) {
    const auto logger = make_logger(config, {nullptr, nullptr, files, clock});
    ASSERT_TRUE(logger.has_value());
    (*logger)->info("x");
  }
  std::FILE* file = std::fopen(path.c_str(), "r");
  ASSERT_NE(file, nullptr);
  int lines = 0;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) lines += c == '\n';
  std::fclose(file);
  std::remove(path.c_str());
  EXPECT_EQ(lines, 2);
}

}  // namespace
}  // namespace etcd::server
