// The switches behind --feature-gates: each has a default and a stage, and may be set by name or by its whole stage (AllAlpha, AllBeta).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etcd::server {

enum class FeatureStage : std::uint8_t { kAlpha, kBeta };

struct Feature {
  std::string_view name;
  FeatureStage stage;
  bool by_default;
};

// All that exist, by name; AllAlpha and AllBeta included.
std::span<const Feature> known_features();
// "ALPHA", "BETA": as help and metrics name a stage.
std::string_view name_of(FeatureStage stage);

// A value type. Setting one by name holds against AllAlpha and AllBeta, in whatever order they come.
class FeatureGates {
 public:
  // Reads "A=true,B=false" on top of what was set before. kInvalid with etcd's text; nothing is changed then.
  Status set(std::string_view text);
  // `name` must be known.
  bool enabled(std::string_view name) const;
  // What was set, directly or through a stage, sorted: "A=true,B=false".
  std::string to_string() const;

 private:
  std::map<std::string, bool, std::less<>> set_;
};

}  // namespace etcd::server
