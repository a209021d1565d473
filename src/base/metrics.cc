#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <variant>

#include "base/check.h"
#include "base/metrics_text.h"

namespace etcd::base {

struct Counter::Cell {
  prometheus::Counter value;
};

struct Gauge::Cell {
  prometheus::Gauge value;
};

// The library's histogram takes a lock for each observation; this one does not. A scrape may see an observation in its bucket and not yet in
// the sum.
struct Histogram::Cell {
  explicit Cell(const std::vector<double>& upper_bounds) : bounds(upper_bounds), counts(upper_bounds.size() + 1) {}

  std::vector<double> bounds;
  std::vector<std::atomic<std::uint64_t>> counts;  // not cumulative; the last one is for everything above
  std::atomic<double> sum{0};
};

void Counter::add(double amount) const {
  if (cell_ != nullptr) cell_->value.Increment(amount);
}

void Gauge::set(double value) const {
  if (cell_ != nullptr) cell_->value.Set(value);
}

void Gauge::add(double amount) const {
  if (cell_ != nullptr) cell_->value.Increment(amount);
}

void Histogram::observe(double value) const {
  if (cell_ == nullptr) return;
  const auto bucket = std::lower_bound(cell_->bounds.begin(), cell_->bounds.end(), value) - cell_->bounds.begin();
  cell_->counts[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  cell_->sum.fetch_add(value, std::memory_order_relaxed);
}

std::vector<double> exponential_buckets(double start, double factor, std::size_t count) {
  std::vector<double> bounds;
  for (double bound = start; bounds.size() < count; bound *= factor) bounds.push_back(bound);
  return bounds;
}

namespace {

using ReadValue = std::function<double()>;
struct ReadHistogram {
  std::vector<double> bounds;
  std::function<HistogramSample()> read;
};
using Series =
    std::variant<std::unique_ptr<Counter::Cell>, std::unique_ptr<Gauge::Cell>, std::unique_ptr<Histogram::Cell>, ReadValue, ReadHistogram>;

}  // namespace

struct Metrics::Registry {
  struct Family {
    prometheus::MetricType type;
    std::string help;
    std::map<Labels, Series> series;  // labels in order of their names
  };

  // The series, made by `make` if it is not there.
  template <typename Make>
  Series& series(prometheus::MetricType type, const std::string& name, const std::string& help, Labels labels, Make make) {
    std::sort(labels.begin(), labels.end());
    const std::lock_guard lock(mutex);
    Family& family = families.try_emplace(name, Family{type, help, {}}).first->second;
    CHECK(family.type == type, name);
    const auto found = family.series.find(labels);
    return found != family.series.end() ? found->second : family.series.emplace(std::move(labels), make()).first->second;
  }

  mutable std::mutex mutex;
  std::map<std::string, Family> families;
};

namespace {

HistogramSample sample_of(const Histogram::Cell& cell) {
  HistogramSample sample;
  for (const auto& count : cell.counts) sample.counts.push_back(count.load(std::memory_order_relaxed));
  sample.sum = cell.sum.load(std::memory_order_relaxed);
  return sample;
}

// A sample with fewer counts than buckets has none in the others.
prometheus::ClientMetric histogram_metric(const std::vector<double>& bounds, const HistogramSample& sample) {
  prometheus::ClientMetric metric;
  for (std::size_t i = 0; i <= bounds.size(); ++i) {
    if (i < sample.counts.size()) metric.histogram.sample_count += sample.counts[i];
    metric.histogram.bucket.push_back({metric.histogram.sample_count, i < bounds.size() ? bounds[i] : HUGE_VAL});
  }
  metric.histogram.sample_sum = sample.sum;
  return metric;
}

struct ReadSeries {
  prometheus::MetricType type;

  prometheus::ClientMetric operator()(const std::unique_ptr<Counter::Cell>& cell) const { return cell->value.Collect(); }
  prometheus::ClientMetric operator()(const std::unique_ptr<Gauge::Cell>& cell) const { return cell->value.Collect(); }
  prometheus::ClientMetric operator()(const std::unique_ptr<Histogram::Cell>& cell) const {
    return histogram_metric(cell->bounds, sample_of(*cell));
  }
  prometheus::ClientMetric operator()(const ReadHistogram& histogram) const { return histogram_metric(histogram.bounds, histogram.read()); }
  prometheus::ClientMetric operator()(const ReadValue& read) const {
    prometheus::ClientMetric metric;
    (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = read();
    return metric;
  }
};

prometheus::MetricFamily read_family(const std::string& name, const Metrics::Registry::Family& family) {
  prometheus::MetricFamily read{name, family.help, family.type, {}};
  for (const auto& [labels, series] : family.series) {
    read.metric.push_back(std::visit(ReadSeries{family.type}, series));
    for (const auto& [label, value] : labels) read.metric.back().label.push_back({label, value});
  }
  return read;
}

}  // namespace

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  Series& series = registry_->series(prometheus::MetricType::Counter, name, help, labels,
                                     [] { return Series(std::make_unique<Counter::Cell>()); });
  return Counter(std::get<std::unique_ptr<Counter::Cell>>(series).get());
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  Series& series = registry_->series(prometheus::MetricType::Gauge, name, help, labels,
                                     [] { return Series(std::make_unique<Gauge::Cell>()); });
  return Gauge(std::get<std::unique_ptr<Gauge::Cell>>(series).get());
}

Histogram Metrics::histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds, const Labels& labels) {
  CHECK(std::is_sorted(bounds.begin(), bounds.end()), name);
  Series& series = registry_->series(prometheus::MetricType::Histogram, name, help, labels,
                                     [&] { return Series(std::make_unique<Histogram::Cell>(bounds)); });
  return Histogram(std::get<std::unique_ptr<Histogram::Cell>>(series).get());
}

void Metrics::counter_function(const std::string& name, const std::string& help, std::function<double()> read, const Labels& labels) {
  registry_->series(prometheus::MetricType::Counter, name, help, labels, [&] { return Series(std::move(read)); });
}

void Metrics::gauge_function(const std::string& name, const std::string& help, std::function<double()> read, const Labels& labels) {
  registry_->series(prometheus::MetricType::Gauge, name, help, labels, [&] { return Series(std::move(read)); });
}

void Metrics::histogram_function(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                                 std::function<HistogramSample()> read, const Labels& labels) {
  CHECK(std::is_sorted(bounds.begin(), bounds.end()), name);
  registry_->series(prometheus::MetricType::Histogram, name, help, labels, [&] { return Series(ReadHistogram{bounds, std::move(read)}); });
}

void Metrics::remove_gauge(const std::string& name, const Labels& labels) {
  Labels sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  const std::lock_guard lock(registry_->mutex);
  const auto family = registry_->families.find(name);
  if (family == registry_->families.end()) return;
  CHECK(family->second.type == prometheus::MetricType::Gauge, name);
  family->second.series.erase(sorted);
}

std::string Metrics::text() const {
  std::string out;
  const std::lock_guard lock(registry_->mutex);
  for (const auto& [name, family] : registry_->families) append_prometheus_text(out, read_family(name, family));
  return out;
}

}  // namespace etcd::base
