#include "base/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "base/metrics_text.h"

namespace etcd::base {
namespace {

// What Go's client library v1.23 prints for the same families.
constexpr std::string_view kGoText = R"(# HELP a_seconds Takes.
# TYPE a_seconds histogram
a_seconds_bucket{op="put",le="0.001"} 0
a_seconds_bucket{op="put",le="0.002"} 1
a_seconds_bucket{op="put",le="0.004"} 2
a_seconds_bucket{op="put",le="0.008"} 2
a_seconds_bucket{op="put",le="+Inf"} 3
a_seconds_sum{op="put"} 7.0041
a_seconds_count{op="put"} 3
# HELP b_total Counts\nwith \\ and "quotes".
# TYPE b_total counter
b_total{From="1",To="x\"y\\z\n"} 3
b_total{From="2",To="a"} 1.5e+06
b_total{From="2",To="b"} 0
# HELP c A gauge.
# TYPE c gauge
c -2.5
)";

TEST(Metrics, TheTextIsThatOfGosClientLibrary) {
  Metrics metrics;
  metrics.gauge("c", "A gauge.").set(-2.5);
  const std::string help = "Counts\nwith \\ and \"quotes\".";
  metrics.counter("b_total", help, {{"To", "x\"y\\z\n"}, {"From", "1"}}).add(3);
  metrics.counter("b_total", help, {{"To", "a"}, {"From", "2"}}).add(1'500'000);
  metrics.counter("b_total", help, {{"From", "2"}, {"To", "b"}});
  const Histogram histogram = metrics.histogram("a_seconds", "Takes.", exponential_buckets(0.001, 2, 4), {{"op", "put"}});
  for (const double seconds : {0.002, 0.0021, 7.0}) histogram.observe(seconds);
  EXPECT_EQ(metrics.text(), kGoText);
}

// As printed by Go's strconv.FormatFloat(x, 'g', -1, 64).
TEST(Metrics, NumbersAreWrittenAsGoDoes) {
  const std::pair<double, std::string_view> cases[] = {
      {0, "0"}, {1, "1"}, {99999, "99999"}, {999999, "999999"}, {1000000, "1e+06"}, {123456789, "1.23456789e+08"},
      {2147483648, "2.147483648e+09"}, {1e20, "1e+20"}, {1e21, "1e+21"}, {0.001, "0.001"}, {0.0001, "0.0001"},
      {0.00001, "1e-05"}, {0.1, "0.1"}, {838.8608, "838.8608"}, {1.5e-7, "1.5e-07"}, {1.76e9 + 0.25, "1.76000000025e+09"},
      {-3, "-3"}, {HUGE_VAL, "+Inf"}, {-HUGE_VAL, "-Inf"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(prometheus_number(value), text);
  EXPECT_EQ(prometheus_number(std::nan("")), "NaN");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameSeries) {
  Metrics metrics;
  metrics.counter("n", "h", {{"a", "1"}, {"b", "2"}}).add();
  metrics.counter("n", "ignored", {{"b", "2"}, {"a", "1"}}).add();
  EXPECT_EQ(metrics.text(), "# HELP n h\n# TYPE n counter\nn{a=\"1\",b=\"2\"} 2\n");
}

TEST(Metrics, ANameBelongsToOneKind) {
  Metrics metrics;
  metrics.counter("n", "h");
  EXPECT_DEATH(metrics.gauge("n", "h"), "CHECK failed");
}

TEST(Metrics, FunctionsAreAskedWhenTheTextIsMade) {
  Metrics metrics;
  double value = 1;
  metrics.gauge_function("open", "h", [&] { return value; });
  metrics.counter_function("cpu", "h", [&] { return value * 2; });
  value = 4;
  EXPECT_EQ(metrics.text(), "# HELP cpu h\n# TYPE cpu counter\ncpu 8\n# HELP open h\n# TYPE open gauge\nopen 4\n");
}

TEST(Metrics, ARemovedGaugeLeavesTheText) {
  Metrics metrics;
  metrics.gauge("version", "h", {{"v", "3.6"}}).set(1);
  metrics.gauge("version", "h", {{"v", "3.7"}}).set(1);
  metrics.remove_gauge("version", {{"v", "3.6"}});
  metrics.remove_gauge("version", {{"v", "never"}});
  EXPECT_EQ(metrics.text(), "# HELP version h\n# TYPE version gauge\nversion{v=\"3.7\"} 1\n");
  metrics.remove_gauge("version", {{"v", "3.7"}});
  EXPECT_EQ(metrics.text(), "");
}

TEST(Metrics, HandlesMadeByDefaultDropEverything) {
  Counter().add();
  Gauge().set(1);
  Gauge().add(1);
  Histogram().observe(1);
}

TEST(Metrics, NothingIsLostBetweenThreads) {
  Metrics metrics;
  const Counter counter = metrics.counter("n", "h");
  const Histogram histogram = metrics.histogram("t", "h", {1, 2});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        counter.add();
        histogram.observe(2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = metrics.text();
  EXPECT_NE(text.find("\nn 4000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nt_bucket{le=\"1\"} 0\nt_bucket{le=\"2\"} 4000\nt_bucket{le=\"+Inf\"} 4000\nt_sum 8000\nt_count 4000\n"),
            std::string::npos)
      << text;
}

TEST(Metrics, AHistogramThatSomebodyElseKeepsIsReadWhenAsked) {
  Metrics metrics;
  HistogramSample sample;
  metrics.histogram_function("h", "help", {1, 2}, [&] { return sample; });
  sample = {.counts = {3, 0, 1}, .sum = 7.5};
  EXPECT_EQ(metrics.text(),
            "# HELP h help\n# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 7.5\nh_count 4\n");
}

}  // namespace
}  // namespace etcd::base
