// A metric family in Prometheus' text format as Go's client library writes it. Used by metrics.cc alone: the library's types stop here.
#pragma once

#include <prometheus/metric_family.h>

#include <string>

namespace etcd::base {

// Nothing for a family without series.
void append_prometheus_text(std::string& out, const prometheus::MetricFamily& family);
// A number as Go's strconv writes it with 'g' and the fewest digits: 0.001, 100000, 1e+06, +Inf, NaN.
std::string prometheus_number(double value);

}  // namespace etcd::base
