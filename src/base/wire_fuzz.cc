// Reads any bytes as a message and writes back what was read: the second reading must give the same fields.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/wire.h"

namespace {

using etcd::base::WireField;
using etcd::base::WireReader;
using etcd::base::WireType;
using etcd::base::WireWriter;

void write_back(WireWriter& writer, const WireField& field) {
  if (field.type == WireType::kBytes) {
    writer.bytes(field.number, field.bytes);
  } else {
    writer.varint(field.number, field.varint);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)etcd::base::is_utf8(input);
  std::string copy;
  WireWriter writer(copy);
  WireReader first(input);
  while (auto field = first.next()) write_back(writer, *field);

  WireReader original(input);
  WireReader rewritten(copy);
  while (auto field = original.next()) {
    const auto again = rewritten.next();
    CHECK(again && again->number == field->number && again->varint == field->varint && again->bytes == field->bytes);
  }
  CHECK(!rewritten.next() && !rewritten.failed());
  return 0;
}
