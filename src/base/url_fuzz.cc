// What parses prints as a URL that parses to the same.
#include "base/check.h"
#include "base/go_text.h"
#include "base/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = etcd::base::Url::parse(text)) {
    const std::string once = url->to_string();
    const auto again = etcd::base::Url::parse(once);
    CHECK(again.has_value(), once);
    CHECK(again->to_string() == once, once, again->to_string());
  }
  (void)etcd::base::split_host_port(text);
  (void)etcd::base::parse_duration(text);
  (void)etcd::base::parse_int(text);
  return 0;
}
