#include "base/go_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace etcd::base {
namespace {

using namespace std::chrono_literals;

TEST(GoText, QuotesAsGoDoes) {
  EXPECT_EQ(go_quote("plain"), "\"plain\"");
  EXPECT_EQ(go_quote("a\"b\\c\n\t"), "\"a\\\"b\\\\c\\n\\t\"");
  EXPECT_EQ(go_quote(std::string("\x00\x1f\x7f", 3)), "\"\\x00\\x1f\\x7f\"");
  EXPECT_EQ(go_quote("h\xc3\xa4\xff"), "\"h\xc3\xa4\\xff\"");
}

TEST(GoText, PrintsDurationsAsGoDoes) {
  EXPECT_EQ(format_duration(0ns), "0s");
  EXPECT_EQ(format_duration(1ns), "1ns");
  EXPECT_EQ(format_duration(1100ns), "1.1µs");
  EXPECT_EQ(format_duration(2200us), "2.2ms");
  EXPECT_EQ(format_duration(100ms), "100ms");
  EXPECT_EQ(format_duration(1min), "1m0s");
  EXPECT_EQ(format_duration(2h), "2h0m0s");
  EXPECT_EQ(format_duration(4min + 5001ms), "4m5.001s");
  EXPECT_EQ(format_duration(-300ms), "-300ms");
  EXPECT_EQ(format_duration(Duration(std::numeric_limits<std::int64_t>::min())), "-2562047h47m16.854775808s");
  EXPECT_EQ(format_duration(Duration(std::numeric_limits<std::int64_t>::max())), "2562047h47m16.854775807s");
}

TEST(GoText, ReadsDurationsAsGoDoes) {
  EXPECT_EQ(parse_duration("0"), Duration(0));
  EXPECT_EQ(parse_duration("5s"), Duration(5s));
  EXPECT_EQ(parse_duration("+5s"), Duration(5s));
  EXPECT_EQ(parse_duration("-1.5h"), Duration(-90min));
  EXPECT_EQ(parse_duration(".5s"), Duration(500ms));
  EXPECT_EQ(parse_duration("1.s"), Duration(1s));
  EXPECT_EQ(parse_duration("2h45m10us7ns"), Duration(2h + 45min + 10us + 7ns));
  EXPECT_EQ(parse_duration("10\u00b5s"), Duration(10us));
  EXPECT_EQ(parse_duration("10\u03bcs"), Duration(10us));
  EXPECT_EQ(parse_duration("-9223372036854775808ns")->count(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_duration("0.333333333333333333333333h"), Duration(20min));
}

TEST(GoText, EveryPrintedDurationReadsBack) {
  for (std::int64_t ns = 1; ns < std::int64_t{1} << 50; ns = ns * 7 + 3) {
    EXPECT_EQ(parse_duration(format_duration(Duration(ns))), Duration(ns)) << ns;
  }
}

TEST(GoText, RefusesWhatIsNoDurationWithGosText) {
  const auto text_of = [](std::string_view duration) { return parse_duration(duration).error().detail; };
  EXPECT_EQ(text_of(""), "time: invalid duration \"\"");
  EXPECT_EQ(text_of("-"), "time: invalid duration \"-\"");
  EXPECT_EQ(text_of("."), "time: invalid duration \".\"");
  EXPECT_EQ(text_of("foo"), "time: invalid duration \"foo\"");
  EXPECT_EQ(text_of("3"), "time: missing unit in duration \"3\"");
  EXPECT_EQ(text_of("3x"), "time: unknown unit \"x\" in duration \"3x\"");
  EXPECT_EQ(text_of("9223372036854775808ns"), "time: invalid duration \"9223372036854775808ns\"");
  EXPECT_EQ(text_of("3000000h"), "time: invalid duration \"3000000h\"");
}

TEST(GoText, GivesSizesInPowersOfAThousand) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(9), "9 B");
  EXPECT_EQ(human_bytes(10), "10 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(20480), "20 kB");
  EXPECT_EQ(human_bytes(82854982), "83 MB");
  EXPECT_EQ(human_bytes(2147483648), "2.1 GB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "18 EB");
}

TEST(GoText, ReadsBooleansOfGoOnly) {
  EXPECT_EQ(parse_bool("T"), true);
  EXPECT_EQ(parse_bool("FALSE"), false);
  EXPECT_EQ(parse_bool("yes"), std::nullopt);
  EXPECT_EQ(parse_bool(""), std::nullopt);
}

TEST(GoText, ReadsIntegersInGosNotations) {
  EXPECT_EQ(parse_uint("128").value, 128u);
  EXPECT_EQ(parse_uint("0x1F").value, 31u);
  EXPECT_EQ(parse_uint("0o17").value, 15u);
  EXPECT_EQ(parse_uint("017").value, 15u);
  EXPECT_EQ(parse_uint("0b101").value, 5u);
  EXPECT_EQ(parse_uint("0x_ff_ff").value, 65535u);
  EXPECT_EQ(parse_uint("0").value, 0u);
  EXPECT_EQ(parse_uint("1_000").value, 1000u);
  EXPECT_EQ(parse_uint("0_7").value, 7u);
  EXPECT_EQ(parse_int("-9223372036854775808").value, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_int("+7").value, 7);
}

TEST(GoText, TellsBadIntegersFromLargeOnes) {
  for (const std::string_view text : {"", "-1", "_1", "1_", "0x", "08", "0x_", "0_", "1.5", "12a", "0b12", "1__0", " 1", "+1"}) {
    EXPECT_EQ(parse_uint(text).fault, NumberFault::kSyntax) << text;
  }
  EXPECT_EQ(parse_uint("18446744073709551616").fault, NumberFault::kRange);
  EXPECT_EQ(parse_uint("4294967296", UINT32_MAX).fault, NumberFault::kRange);
  EXPECT_EQ(parse_int("9223372036854775808").fault, NumberFault::kRange);
  EXPECT_EQ(parse_int("-9223372036854775809").fault, NumberFault::kRange);
  EXPECT_EQ(parse_int("--1").fault, NumberFault::kSyntax);
}

}  // namespace
}  // namespace etcd::base
