#include "rpc/metadata.h"

#include "base/check.h"
#include "base/free_memory.h"

namespace etcd::rpc {

namespace {
constexpr std::size_t kKeptTextBytes = 2048;
constexpr std::size_t kKeptFields = 64;
}  // namespace

std::optional<std::string_view> Metadata::find(std::string_view name) const {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (const Field field = at(i); field.name == name) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Metadata::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (const Field field = at(i); field.name == name) values.push_back(field.value);
  }
  return values;
}

Metadata::Field Metadata::at(std::size_t index) const {
  const Place& place = places_[index];
  const std::string_view text = text_;
  return {text.substr(place.name_at, place.value_at - place.name_at),
          text.substr(place.value_at, place.end - place.value_at)};
}

void Metadata::add(std::string_view name, std::string_view value) {
  CHECK(text_.size() + name.size() + value.size() <= UINT32_MAX, text_.size(), name.size(), value.size());
  const std::size_t name_at = text_.size();
  text_.append(name).append(value);
  places_.push_back({static_cast<std::uint32_t>(name_at), static_cast<std::uint32_t>(name_at + name.size()),
                     static_cast<std::uint32_t>(text_.size())});
}

void Metadata::clear() {
  if (text_.capacity() > kKeptTextBytes) base::free_memory(text_);
  if (places_.capacity() > kKeptFields) places_ = std::vector<Place>();
  text_.clear();
  places_.clear();
}

}  // namespace etcd::rpc
