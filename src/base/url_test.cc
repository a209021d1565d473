#include "base/url.h"

#include <gtest/gtest.h>

namespace etcd::base {
namespace {

std::string printed(std::string_view text) {
  const auto url = Url::parse(text);
  return url.has_value() ? url->to_string() : url.error().detail;
}

// Every line is what Go's net/url prints for the same text.
TEST(Url, ReadsAndPrintsAsGoDoes) {
  const std::pair<const char*, const char*> kCases[] = {
      {"http://localhost:2379", "http://localhost:2379"},
      {"HTTP://LocalHost:2379", "http://LocalHost:2379"},
      {"http://[::1]:2379", "http://[::1]:2379"},
      {"http://::1:80", "parse \"http://::1:80\": invalid port \"::1:80\" after host"},
      {"http://a:80:90", "parse \"http://a:80:90\": invalid port \":80:90\" after host"},
      {"http://[fe80::1%25en0]:80", "http://[fe80::1%25en0]:80"},
      {"http://[fe80::1%en0]:80", "parse \"http://[fe80::1%en0]:80\": invalid URL escape \"%en\""},
      {"http://[foo]:80", "parse \"http://[foo]:80\": invalid host: ParseAddr(\"foo\"): unable to parse IP"},
      {"http://[::1", "parse \"http://[::1\": missing ']' in host"},
      {"http://a%20b:80", "parse \"http://a%20b:80\": invalid URL escape \"%20\""},
      {"http://a%41b:80", "parse \"http://a%41b:80\": invalid URL escape \"%41\""},
      {"http://user:pw@h:1", "http://user:pw@h:1"},
      {"http://h:1?x=y", "http://h:1?x=y"},
      {"http://h:1?", "http://h:1?"},
      {"http://h:1#frag", "http://h:1#frag"},
      {"http://h:1/", "http://h:1/"},
      {"unix://localhost:20000", "unix://localhost:20000"},
      {"unix:///tmp/a b", "unix:///tmp/a%20b"},
      {"unix:///tmp/a%20b", "unix:///tmp/a%20b"},
      {"unix:relative.sock", "unix:relative.sock"},
      {"unix:/abs.sock", "unix:/abs.sock"},
      {"unix://a/b/c.sock", "unix://a/b/c.sock"},
      {"unix:///tmp/\xc3\xa4", "unix:///tmp/%C3%A4"},
      {"//h:1", "//h:1"},
      {"h:1", "h:1"},
      {"1h:1", "parse \"1h:1\": first path segment in URL cannot contain colon"},
      {":foo", "parse \":foo\": missing protocol scheme"},
      {"/p", "/p"},
      {"http:/x", "http:/x"},
      {"http:", "http:"},
      {"http://", "http:"},
      {"http://h:", "http://h:"},
      {"http://:80", "http://:80"},
      {"http://h%zz:80", "parse \"http://h%zz:80\": invalid URL escape \"%zz\""},
      {"http://h:80%zz", "parse \"http://h:80%zz\": invalid port \":80%zz\" after host"},
      {"*", "*"},
      {"a/b:c", "a/b:c"},
      {"", ""},
      {"http://us er@h:1", "parse \"http://us er@h:1\": net/url: invalid userinfo"},
      {"http://h/p%zz", "parse \"http://h/p%zz\": invalid URL escape \"%zz\""},
      {"http://h{}:1", "parse \"http://h{}:1\": invalid character \"{\" in host name"},
      {"http://a b:80", "parse \"http://a b:80\": invalid character \" \" in host name"},
      {"http://h\n:1", "parse \"http://h\\n:1\": net/url: invalid control character in URL"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(printed(text), expected);
}

TEST(Url, AnAddressIsTheHostOrTheFileOfASocket) {
  EXPECT_EQ(Url::parse("https://[::1]:2379")->address(), "[::1]:2379");
  EXPECT_EQ(Url::parse("unix://localhost:20000")->address(), "localhost:20000");
  EXPECT_EQ(Url::parse("unixs:///run/etcd%20a.sock")->address(), "/run/etcd a.sock");
  EXPECT_EQ(Url::parse("unix://a/b.sock")->address(), "a/b.sock");
}

TEST(Url, SplitsHostAndPortAsGoDoes) {
  EXPECT_EQ(split_host_port("[::1]:80")->host, "::1");
  EXPECT_EQ(split_host_port("h:80")->port, "80");
  EXPECT_EQ(split_host_port(":80")->host, "");
  const auto fault = [](std::string_view address) { return split_host_port(address).error().detail; };
  EXPECT_EQ(fault(""), "missing port in address");
  EXPECT_EQ(fault("h"), "address h: missing port in address");
  EXPECT_EQ(fault("a:1:2"), "address a:1:2: too many colons in address");
  EXPECT_EQ(fault("[::1]"), "address [::1]: missing port in address");
  EXPECT_EQ(fault("[::1:80"), "address [::1:80: missing ']' in address");
  EXPECT_EQ(fault("h]:80"), "address h]:80: unexpected ']' in address");
  EXPECT_EQ(fault("h[:80"), "address h[:80: unexpected '[' in address");
}

TEST(Url, KnowsIpAddresses) {
  EXPECT_TRUE(is_ip_address("127.0.0.1"));
  EXPECT_TRUE(is_ip_address("::1"));
  for (const std::string_view text : {"localhost", "", "[::1]", "fe80::1%eth0", "127.0.0.01", "1.2.3"}) {
    EXPECT_FALSE(is_ip_address(text)) << text;
  }
}

TEST(MemberUrls, AreTrimmedAndSortedByText) {
  EXPECT_EQ(to_strings(*parse_member_urls("http://b:2 , http://a:1")),
            (std::vector<std::string>{"http://a:1", "http://b:2"}));
}

TEST(MemberUrls, OthersAreRefusedWithEtcdsTexts) {
  const auto fault = [](std::string_view texts) { return parse_member_urls(texts).error().detail; };
  EXPECT_EQ(fault("foo"), "URL scheme must be http, https, unix, or unixs: foo");
  EXPECT_EQ(fault(""), "URL scheme must be http, https, unix, or unixs: ");
  EXPECT_EQ(fault("http://a:1,ftp://x:1"), "URL scheme must be http, https, unix, or unixs: ftp://x:1");
  EXPECT_EQ(fault("http://x"), "URL address does not have the form \"host:port\": http://x");
  EXPECT_EQ(fault("http://x:1/y"), "URL must not contain a path: http://x:1/y");
  EXPECT_EQ(fault("http://x:y"), "parse \"http://x:y\": invalid port \":y\" after host");
  EXPECT_EQ(parse_member_urls(std::vector<std::string_view>{}).error().detail, "no valid URLs given");
}

}  // namespace
}  // namespace etcd::base
