#include "cluster/json_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace etcd::cluster {

using Json = nlohmann::json;

struct JsonReader::Document {
  Json object;

  // Null if there is no such field, or if it is null.
  const Json* find(std::string_view key) const;
};

namespace {

constexpr int kMaxDepth = 32;

bool equal_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_object(const Json& value) {
  return value.is_object() || value.is_null();
}

// Discarded if it is no JSON, or nested too deeply.
Json parse_limited(std::string_view json) {
  bool too_deep = false;
  const auto watch_depth = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  Json parsed = Json::parse(json, watch_depth, /*allow_exceptions=*/false);
  return too_deep ? Json(Json::value_t::discarded) : parsed;
}

tl::unexpected<Error> wrong_kind(std::string_view key) {
  return fail(Errc::kInvalid, "json: wrong type of field " + std::string(key));
}

}  // namespace

const Json* JsonReader::Document::find(std::string_view key) const {
  if (!object.is_object()) return nullptr;
  auto found = object.find(key);
  if (found == object.end()) {
    found = object.begin();
    while (found != object.end() && !equal_but_for_case(found.key(), key)) ++found;
  }
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

JsonReader::JsonReader(std::unique_ptr<Document> document) : document_(std::move(document)) {}
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader::~JsonReader() = default;

Result<JsonReader> JsonReader::parse(std::string_view json) {
  auto document = std::make_unique<Document>();
  document->object = parse_limited(json);
  if (document->object.is_discarded() || !is_object(document->object)) return fail(Errc::kInvalid, "json: not an object");
  return JsonReader(std::move(document));
}

Result<std::vector<JsonReader>> JsonReader::parse_list(std::string_view json) {
  Json list = parse_limited(json);
  std::vector<JsonReader> readers;
  if (list.is_discarded() || !(list.is_array() || list.is_null())) return fail(Errc::kInvalid, "json: not a list");
  for (Json& item : list) {
    if (!is_object(item)) return fail(Errc::kInvalid, "json: not a list of objects");
    auto document = std::make_unique<Document>();
    document->object = std::move(item);
    readers.push_back(JsonReader(std::move(document)));
  }
  return readers;
}

Status JsonReader::read(std::string_view key, std::uint64_t& value) const {
  const Json* field = document_->find(key);
  if (field == nullptr) return {};
  if (!field->is_number_unsigned()) return wrong_kind(key);
  value = field->get<std::uint64_t>();
  return {};
}

Status JsonReader::read(std::string_view key, std::int64_t& value) const {
  const Json* field = document_->find(key);
  if (field == nullptr) return {};
  const bool fits = field->is_number_integer() && !(field->is_number_unsigned() && field->get<std::uint64_t>() > INT64_MAX);
  if (!fits) return wrong_kind(key);
  value = field->get<std::int64_t>();
  return {};
}

Status JsonReader::read(std::string_view key, bool& value) const {
  const Json* field = document_->find(key);
  if (field == nullptr) return {};
  if (!field->is_boolean()) return wrong_kind(key);
  value = field->get<bool>();
  return {};
}

Status JsonReader::read(std::string_view key, std::string& value) const {
  const Json* field = document_->find(key);
  if (field == nullptr) return {};
  if (!field->is_string()) return wrong_kind(key);
  value = field->get_ref<const std::string&>();
  return {};
}

Status JsonReader::read(std::string_view key, std::vector<std::string>& values) const {
  const Json* field = document_->find(key);
  if (field == nullptr) return {};
  if (!field->is_array()) return wrong_kind(key);
  values.clear();
  for (const Json& item : *field) {
    if (!item.is_string() && !item.is_null()) return wrong_kind(key);
    values.push_back(item.is_null() ? std::string() : item.get<std::string>());
  }
  return {};
}

Result<JsonReader> JsonReader::object(std::string_view key) const {
  const Json* field = document_->find(key);
  if (field != nullptr && !field->is_object()) return wrong_kind(key);
  auto document = std::make_unique<Document>();
  if (field != nullptr) document->object = *field;
  return JsonReader(std::move(document));
}

}  // namespace etcd::cluster
