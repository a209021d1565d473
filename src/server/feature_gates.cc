#include "server/feature_gates.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/go_text.h"
#include "base/url.h"

namespace etcd::server {

namespace {

constexpr std::array<Feature, 11> kFeatures{{{"AllAlpha", FeatureStage::kAlpha, false},
                                             {"AllBeta", FeatureStage::kBeta, false},
                                             {"CompactHashCheck", FeatureStage::kAlpha, false},
                                             {"FastLeaseKeepAlive", FeatureStage::kBeta, true},
                                             {"InitialCorruptCheck", FeatureStage::kAlpha, false},
                                             {"LeaseCheckpoint", FeatureStage::kAlpha, false},
                                             {"LeaseCheckpointPersist", FeatureStage::kAlpha, false},
                                             {"PriorityRequest", FeatureStage::kAlpha, false},
                                             {"SetMemberLocalAddr", FeatureStage::kAlpha, false},
                                             {"StopGRPCServiceOnDefrag", FeatureStage::kAlpha, false},
                                             {"TxnModeWriteWithSharedBuffer", FeatureStage::kBeta, true}}};

const Feature* find(std::string_view name) {
  const auto at = std::find_if(kFeatures.begin(), kFeatures.end(), [&](const Feature& f) { return f.name == name; });
  return at == kFeatures.end() ? nullptr : &*at;
}

bool is_whole_stage(const Feature& feature) { return feature.name == "AllAlpha" || feature.name == "AllBeta"; }

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\v\f");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n\v\f") + 1 - first);
}

using Settings = std::map<std::string_view, bool>;

Result<Settings> parse(std::string_view text) {
  Settings settings;
  for (const std::string_view item : base::split(text, ',')) {
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    const std::string name(trim(item.substr(0, equals)));
    if (equals == std::string_view::npos) return fail(Errc::kInvalid, "missing bool value for " + name);
    const std::string value(trim(item.substr(equals + 1)));
    const auto enabled = base::parse_bool(value);
    if (!enabled) {
      return fail(Errc::kInvalid, "invalid value of " + name + "=" + value + ", err: strconv.ParseBool: parsing " +
                                      base::go_quote(value) + ": invalid syntax");
    }
    settings[trim(item.substr(0, equals))] = *enabled;
  }
  for (const auto& [name, enabled] : settings) {
    if (find(name) == nullptr) return fail(Errc::kInvalid, "unrecognized feature gate: " + std::string(name));
  }
  return settings;
}

}  // namespace

std::span<const Feature> known_features() { return kFeatures; }

std::string_view name_of(FeatureStage stage) { return stage == FeatureStage::kAlpha ? "ALPHA" : "BETA"; }

Status FeatureGates::set(std::string_view text) {
  TRY_ASSIGN(const Settings settings, parse(text));
  for (const auto& [name, enabled] : settings) set_.insert_or_assign(std::string(name), enabled);
  for (const auto& [name, enabled] : settings) {
    if (!is_whole_stage(*find(name))) continue;
    for (const Feature& feature : kFeatures) {
      if (feature.stage == find(name)->stage) set_.emplace(feature.name, enabled);
    }
  }
  return {};
}

bool FeatureGates::enabled(std::string_view name) const {
  if (const auto at = set_.find(name); at != set_.end()) return at->second;
  const Feature* feature = find(name);
  CHECK(feature != nullptr, name);
  return feature->by_default;
}

std::string FeatureGates::to_string() const {
  std::vector<std::string> pairs;
  for (const auto& [name, enabled] : set_) pairs.push_back(name + (enabled ? "=true" : "=false"));
  return base::join(pairs, ",");
}

}  // namespace etcd::server
