#include "base/metrics_text.h"

#include <charconv>
#include <cmath>
#include <string_view>

namespace etcd::base {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

std::string_view name_of(MetricType type) {
  switch (type) {
    case MetricType::Counter: return "counter";
    case MetricType::Gauge: return "gauge";
    case MetricType::Summary: return "summary";
    case MetricType::Histogram: return "histogram";
    case MetricType::Untyped: break;
  }
  return "untyped";
}

// Quotes are escaped in label values only.
std::string escaped(std::string_view text, bool with_quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && with_quotes) {
      out += "\\\"";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

void append_label(std::string& out, char before, std::string_view name, std::string_view value) {
  out.push_back(before);
  out.append(name).append("=\"").append(escaped(value, true)).append("\"");
}

// One line; `bound` is the label "le" of a bucket, or empty.
void append_sample(std::string& out, const std::string& name, const ClientMetric& metric, std::string_view bound, double value) {
  out.append(name);
  char before = '{';
  for (const auto& label : metric.label) {
    append_label(out, before, label.name, label.value);
    before = ',';
  }
  if (!bound.empty()) {
    append_label(out, before, "le", bound);
    before = ',';
  }
  if (before == ',') out.push_back('}');
  out.append(" ").append(prometheus_number(value)).append("\n");
}

void append_histogram(std::string& out, const std::string& name, const ClientMetric& metric) {
  for (const auto& bucket : metric.histogram.bucket) {
    append_sample(out, name + "_bucket", metric, prometheus_number(bucket.upper_bound), static_cast<double>(bucket.cumulative_count));
  }
  append_sample(out, name + "_sum", metric, {}, metric.histogram.sample_sum);
  append_sample(out, name + "_count", metric, {}, static_cast<double>(metric.histogram.sample_count));
}

}  // namespace

void append_prometheus_text(std::string& out, const prometheus::MetricFamily& family) {
  if (family.metric.empty()) return;
  out.append("# HELP ").append(family.name).append(" ").append(escaped(family.help, false)).append("\n");
  out.append("# TYPE ").append(family.name).append(" ").append(name_of(family.type)).append("\n");
  for (const ClientMetric& metric : family.metric) {
    if (family.type == MetricType::Histogram) {
      append_histogram(out, family.name, metric);
    } else {
      const double value = family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value;
      append_sample(out, family.name, metric, {}, value);
    }
  }
}

std::string prometheus_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char digits[64];
  auto end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
  const std::string_view scientific(digits, static_cast<std::size_t>(end - digits));
  std::string_view exponent_text = scientific.substr(scientific.find('e') + 1);
  if (exponent_text.front() == '+') exponent_text.remove_prefix(1);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  constexpr int kSmallest = -4;  // Go writes 0.0001 and 999999, but 1e-05 and 1e+06
  constexpr int kLargest = 5;
  if (exponent < kSmallest || exponent > kLargest) return std::string(scientific);
  end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr;
  return std::string(digits, end);
}

}  // namespace etcd::base
