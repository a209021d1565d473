#include "server/config_file.h"

#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>

#include "base/go_text.h"
#include "server/flags.h"

namespace etcd::server {

namespace {

using Keys = std::map<std::string, YAML::Node>;

enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kList, kMap };

std::string_view name_of(Kind kind) {
  constexpr std::string_view kNames[] = {"null", "bool", "number", "string", "array", "object"};
  return kNames[static_cast<std::size_t>(kind)];
}

// The words that YAML 1.1 takes for booleans.
std::optional<bool> yaml_bool(std::string_view text) {
  for (const std::string_view yes : {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

bool looks_like_number(std::string_view text) {
  if (base::parse_int(text).fault != base::NumberFault::kSyntax) return true;
  const std::string copy(text);
  char* end = nullptr;
  if (copy.find_first_of("0123456789") == std::string::npos || copy.find_first_not_of("+-.0123456789eE_") != std::string::npos) return false;
  (void)std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size();
}

Kind kind_of(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return Kind::kNull;
  if (node.IsSequence()) return Kind::kList;
  if (node.IsMap()) return Kind::kMap;
  const std::string& text = node.Scalar();
  if (node.Tag() != "?" && !node.Tag().empty()) return Kind::kString;
  if (text == "~" || text == "null" || text == "Null" || text == "NULL" || text.empty()) return Kind::kNull;
  if (yaml_bool(text)) return Kind::kBool;
  return looks_like_number(text) ? Kind::kNumber : Kind::kString;
}

// Which of Go's structs a key belongs to: part of encoding/json's message.
std::string struct_of(const Flag& flag) {
  if (flag.file_key.starts_with("discovery-config/client/secure")) return "SecureConfig.Config.";
  if (flag.file_key.starts_with("discovery-config/client/auth")) return "AuthConfig.Config.";
  if (flag.file_key.starts_with("discovery-config/client")) return "ConfigSpec.Config.";
  if (flag.file_key.starts_with("discovery-config")) return "DiscoveryConfig.Config.";
  if (flag.file_key.starts_with("socket-options")) return "SocketOpts.Config.";
  if (flag.file_key.find("-transport-security/") != std::string_view::npos) return "securityConfig.configJSON.";
  const bool in_config_json = std::holds_alternative<Urls*>(flag.value) || std::holds_alternative<OriginSet>(flag.value) ||
                              std::holds_alternative<FeatureGates*>(flag.value) || flag.name == "host-whitelist";
  if (in_config_json && flag.name != "listen-metrics-urls") return "configYAML.configJSON.";
  return "configYAML.Config.";
}

std::string_view key_of(const Flag& flag) { return flag.file_key.empty() ? flag.name : flag.file_key; }

// Puts one value of the file into one flag's field.
class Reader {
 public:
  Reader(const Flag& flag, const YAML::Node& node) : flag_(flag), node_(node), kind_(kind_of(node)) {}

  Status read() const { return std::visit(*this, flag_.value); }

  Status operator()(std::string* at) const {
    if (kind_ != Kind::kString) return mismatch("string");
    *at = node_.Scalar();
    return {};
  }
  Status operator()(bool* at) const {
    if (kind_ != Kind::kBool) return mismatch("bool");
    *at = *yaml_bool(node_.Scalar());
    return {};
  }
  Status operator()(std::int64_t* at) const { return read_number(base::parse_int(node_text()), at, "int"); }
  Status operator()(std::uint64_t* at) const { return read_number(base::parse_uint(node_text()), at, "uint"); }
  Status operator()(std::uint32_t* at) const {
    std::uint64_t wide = 0;
    TRY(read_number(base::parse_uint(node_text(), UINT32_MAX), &wide, "uint32"));
    *at = static_cast<std::uint32_t>(wide);
    return {};
  }
  Status operator()(Duration* at) const {
    std::int64_t ns = 0;
    TRY(read_number(base::parse_int(node_text()), &ns, "time.Duration"));
    *at = Duration(ns);
    return {};
  }
  Status operator()(Urls* at) const {
    if (kind_ != Kind::kString) return mismatch("string");
    if (node_.Scalar().empty()) return {};
    auto urls = base::parse_member_urls(node_.Scalar());
    if (!urls.has_value()) {
      return fail(Errc::kInvalid, "unexpected error setting up " + std::string(flag_.name) + ": " + urls.error().detail);
    }
    *at = std::move(*urls);
    return {};
  }
  // The host whitelist is one string; log outputs and discovery endpoints are lists.
  Status operator()(std::set<std::string>* at) const {
    if (flag_.name == "host-whitelist") {
      if (kind_ != Kind::kString) return mismatch("string");
      return node_.Scalar().empty() ? Status() : set_value(flag_.value, node_.Scalar());
    }
    Texts texts;
    TRY((*this)(&texts));
    *at = {texts.begin(), texts.end()};
    return {};
  }
  Status operator()(Texts* at) const {
    if (kind_ != Kind::kList) return mismatch("[]string");
    Texts texts;
    for (const YAML::Node& item : node_) {
      if (kind_of(item) != Kind::kString) return Reader(flag_, item).mismatch("string");
      texts.push_back(item.Scalar());
    }
    *at = std::move(texts);
    return {};
  }
  Status operator()(FeatureGates* at) const {
    if (kind_ != Kind::kString) return mismatch("string");
    return at->set(node_.Scalar());
  }
  Status operator()(const Choice& choice) const { return (*this)(choice.at); }
  Status operator()(const ChoiceList& choice) const {
    if (kind_ != Kind::kString) return mismatch("config.V2DeprecationEnum");
    *choice.at = {node_.Scalar()};
    return {};
  }
  Status operator()(const OriginSet& origins) const {
    if (kind_ != Kind::kString) return mismatch("string");
    if (node_.Scalar().empty()) return {};
    origins.at->clear();
    return set_value(flag_.value, node_.Scalar());
  }
  Status operator()(Ignored) const { return {}; }

 private:
  std::string_view node_text() const { return kind_ == Kind::kNumber ? std::string_view(node_.Scalar()) : std::string_view(); }

  template <typename Integer>
  Status read_number(const base::ParsedNumber<Integer>& number, Integer* at, std::string_view go_type) const {
    if (kind_ != Kind::kNumber) return mismatch(go_type);
    if (number.fault) return mismatch(go_type, " " + node_.Scalar());
    *at = number.value;
    return {};
  }

  Status mismatch(std::string_view go_type, const std::string& value = "") const {
    std::string place(key_of(flag_));
    for (char& c : place) c = c == '/' ? '.' : c;
    return fail(Errc::kInvalid, "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " + std::string(name_of(kind_)) + value +
                                    " into Go struct field " + struct_of(flag_) + place + " of type " + std::string(go_type));
  }

  const Flag& flag_;
  const YAML::Node& node_;
  Kind kind_;
};

// All scalars and lists of the document under the path that leads to them; the last of two equal keys counts.
void collect(const YAML::Node& map, const std::string& prefix, int depth, Keys& keys) {
  constexpr int kDeepest = 4;  // discovery-config/client/secure/cert
  for (const auto& item : map) {
    if (!item.first.IsScalar()) continue;
    const std::string path = prefix + item.first.Scalar();
    keys[path] = item.second;
    if (item.second.IsMap() && depth < kDeepest) collect(item.second, path + "/", depth + 1, keys);
  }
}

Status check_maps(const Keys& keys) {
  for (const char* name : {"client-transport-security", "discovery-config", "peer-transport-security", "socket-options"}) {
    const auto at = keys.find(name);
    if (at == keys.end() || kind_of(at->second) == Kind::kMap || kind_of(at->second) == Kind::kNull) continue;
    return fail(Errc::kInvalid, "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                                    std::string(name_of(kind_of(at->second))) + " into Go struct field configYAML." + name);
  }
  return {};
}

// As etcd notes what was set: top-level keys, and those of peer-transport-security with "peer-" before them.
void note_set(const Keys& keys, Config& config) {
  constexpr std::string_view kPeer = "peer-transport-security/";
  for (const auto& [path, node] : keys) {
    if (path.find('/') == std::string::npos) config.explicitly_set.insert(path);
    if (path.starts_with(kPeer)) config.explicitly_set.insert("peer-" + path.substr(kPeer.size()));
  }
}

Status read_keys(const Keys& keys, Config& config) {
  TRY(check_maps(keys));
  const std::string initial_cluster = config.cluster.initial_cluster;
  for (const Flag& flag : flag_table(config)) {
    const auto at = keys.find(std::string(key_of(flag)));
    if (at == keys.end() || kind_of(at->second) == Kind::kNull) continue;
    TRY(Reader(flag, at->second).read());
  }
  note_set(keys, config);
  const bool discovers = !config.discovery.srv.empty() || !config.discovery.endpoints.empty();
  if (discovers && config.cluster.initial_cluster == initial_cluster) config.cluster.initial_cluster.clear();
  if (config.cluster.initial_cluster_state.empty()) config.cluster.initial_cluster_state = "new";
  if (config.security.self_signed_cert_validity_years == 0) config.security.self_signed_cert_validity_years = 1;
  return {};
}

}  // namespace

Status read_config_file(std::string_view text, Config& config) {
  Keys keys;
  try {
    const YAML::Node document = YAML::Load(std::string(text));
    const Kind kind = kind_of(document);
    if (kind != Kind::kMap && kind != Kind::kNull) {
      return fail(Errc::kInvalid, "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " + std::string(name_of(kind)) +
                                      " into Go value of type embed.configYAML");
    }
    if (kind == Kind::kMap) collect(document, "", 1, keys);
    return read_keys(keys, config);
  } catch (const YAML::Exception& fault) {
    return fail(Errc::kInvalid, "error converting YAML to JSON: yaml: line " + std::to_string(fault.mark.line + 1) + ": " + fault.msg);
  }
}

}  // namespace etcd::server
