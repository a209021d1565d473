// The process's metrics: counters, gauges and histograms with names and labels, and their text for Prometheus in the shape that Go's client
// library gives it (order of families and labels, numbers), since scrapers' recording rules and etcd's tests compare it.
//
// One Metrics is made by the server and handed to those who count; there is no global one. Handles are cheap to copy, usable from any thread and
// valid as long as the Metrics; a handle made by default drops what it is given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace etcd::base {

class Counter {
 public:
  struct Cell;
  Counter() = default;
  void add(double amount = 1) const;  // amount >= 0

 private:
  friend class Metrics;
  explicit Counter(Cell* cell) : cell_(cell) {}
  Cell* cell_ = nullptr;
};

class Gauge {
 public:
  struct Cell;
  Gauge() = default;
  void set(double value) const;
  void add(double amount) const;  // may be negative

 private:
  friend class Metrics;
  explicit Gauge(Cell* cell) : cell_(cell) {}
  Cell* cell_ = nullptr;
};

class Histogram {
 public:
  struct Cell;
  Histogram() = default;
  void observe(double value) const;

 private:
  friend class Metrics;
  explicit Histogram(Cell* cell) : cell_(cell) {}
  Cell* cell_ = nullptr;
};

// `count` bucket bounds: start, start * factor, start * factor^2...
std::vector<double> exponential_buckets(double start, double factor, std::size_t count);

// A histogram that somebody else keeps.
struct HistogramSample {
  std::vector<std::uint64_t> counts;  // by bucket, not cumulative; the last one is for everything above the bounds
  double sum = 0;
};

class Metrics {
 public:
  // Name and value of each; any order. All series of a family have the same names.
  using Labels = std::vector<std::pair<std::string, std::string>>;
  struct Registry;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Asking again with the same name and labels gives the same series; help (and bounds) of the first time hold. A series appears in the text
  // from here on, with 0. A name belongs to one kind: anything else is a broken invariant.
  Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds`: upper bounds of the buckets, ascending, without infinity.
  Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds, const Labels& labels = {});
  // Series whose value is asked for whenever the text is made, on that thread, until the Metrics goes.
  void counter_function(const std::string& name, const std::string& help, std::function<double()> read, const Labels& labels = {});
  void gauge_function(const std::string& name, const std::string& help, std::function<double()> read, const Labels& labels = {});
  void histogram_function(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                          std::function<HistogramSample()> read, const Labels& labels = {});
  // Takes a gauge out of the text; its handles must not be used any more.
  void remove_gauge(const std::string& name, const Labels& labels);

  // All families in the text format, version 0.0.4.
  std::string text() const;

 private:
  std::unique_ptr<Registry> registry_;
};

}  // namespace etcd::base
