#include "base/log.h"

#include <gtest/gtest.h>

#include <cmath>

namespace etcd::base {
namespace {

class FixedClock : public Clock {
 public:
  std::int64_t monotonic_ns() override { return 0; }
  std::int64_t wall_ns() override { return 1767323045'000123456; }  // 2026-01-02T03:04:05.000123456Z
};

class LineSink : public LogSink {
 public:
  void write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class LogTest : public testing::Test {
 protected:
  // What one call at level info writes, with this file's line number replaced by N.
  std::string line(LogFormat format, const std::string& message, const Logger::Fields& fields) {
    auto sink = std::make_shared<LineSink>();
    Logger logger(sink, LogLevel::kInfo, format, clock_);
    const auto here = SourcePlace::current();
    logger.info(LogMessage(message, here), fields);
    std::string text = sink->lines.at(0);
    const std::string number = ":" + std::to_string(here.line());
    return text.replace(text.find(number), number.size(), ":N");
  }
  std::string json(const std::string& message, const Logger::Fields& fields = {}) {
    return line(LogFormat::kJson, message, fields);
  }

  FixedClock clock_;
};

const std::string kHead = R"({"level":"info","ts":"2026-01-02T03:04:05.000123Z","caller":"base/log_test.cc:N","msg":)";

TEST_F(LogTest, ALineHasZapsKeysInZapsOrder) { EXPECT_EQ(json("started"), kHead + "\"started\"}\n"); }

TEST_F(LogTest, FieldsFollowInOrder) {
  EXPECT_EQ(json("m", {{"name", "a"}, {"count", 3}, {"big", ~0ull}, {"ok", true}, {"ratio", 0.5}, {"id", MemberId(7)}}),
            kHead + R"("m","name":"a","count":3,"big":18446744073709551615,"ok":true,"ratio":0.5,"id":7})" + "\n");
  EXPECT_EQ(json("m", {{"urls", std::vector<std::string>{"a", "b"}}, LogField::raw("x", "{}")}),
            kHead + R"("m","urls":["a","b"],"x":{}})" + "\n");
  EXPECT_EQ(json("m", {LogField(Error{Errc::kIo, "it broke"})}), kHead + R"("m","error":"it broke"})" + "\n");
}

TEST_F(LogTest, TextIsEscapedAsZapDoes) {
  EXPECT_EQ(json("a\"b\\c\n\r\t\x01\x1f</&"), kHead + R"("a\"b\\c\n\r\t\u0001\u001f</&"})" + "\n");
  EXPECT_EQ(json("\xc3\xa9 \xff\xe2\x82 \xf0\x9f\x98\x80"), kHead + "\"\xc3\xa9 \\ufffd\\ufffd\\ufffd \xf0\x9f\x98\x80\"}\n");
}

TEST_F(LogTest, NumbersThatJsonLacksAreText) {
  EXPECT_EQ(json("m", {{"a", std::nan("")}, {"b", HUGE_VAL}, {"c", -HUGE_VAL}, {"d", 1e21}}),
            kHead + R"("m","a":"NaN","b":"+Inf","c":"-Inf","d":1000000000000000000000})" + "\n");
}

TEST_F(LogTest, TheConsoleFormatHasColumnsBetweenTabs) {
  EXPECT_EQ(line(LogFormat::kConsole, "started", {}), "2026-01-02T03:04:05.000123Z\tinfo\tbase/log_test.cc:N\tstarted\n");
  EXPECT_EQ(line(LogFormat::kConsole, "m", {{"a", 1}, {"b", "c"}}),
            "2026-01-02T03:04:05.000123Z\tinfo\tbase/log_test.cc:N\tm\t{\"a\": 1, \"b\": \"c\"}\n");
}

TEST_F(LogTest, LinesBelowTheLevelAreDropped) {
  auto sink = std::make_shared<LineSink>();
  Logger logger(sink, LogLevel::kWarn, LogFormat::kJson, clock_);
  logger.debug("no");
  logger.info("no");
  logger.warn("yes");
  logger.error("yes");
  EXPECT_EQ(sink->lines.size(), 2u);
  EXPECT_NE(sink->lines[1].find("{\"level\":\"error\""), std::string::npos);
}

TEST_F(LogTest, AFatalLineEndsTheProcessWithCodeOne) {
  Logger logger(fd_log_sink(2), LogLevel::kInfo, LogFormat::kJson, clock_);
  EXPECT_EXIT(logger.fatal("the end"), testing::ExitedWithCode(1), "\"level\":\"fatal\".*\"msg\":\"the end\"");
}

}  // namespace
}  // namespace etcd::base
