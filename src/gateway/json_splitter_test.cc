#include "gateway/json_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace etcd::gateway {
namespace {

using Texts = std::vector<std::string>;

// All values of `text`, fed in pieces of `step` bytes; then the error, if there is one.
Texts split(std::string_view text, std::size_t step) {
  JsonSplitter splitter;
  Texts found;
  std::string_view value;
  while (true) {
    switch (splitter.next(value)) {
      case JsonSplitter::Found::kValue:
        found.emplace_back(value);
        break;
      case JsonSplitter::Found::kEnd:
        return found;
      case JsonSplitter::Found::kError:
        found.push_back(splitter.error());
        return found;
      case JsonSplitter::Found::kNothingYet:
        splitter.append(text.substr(0, step));
        text.remove_prefix(std::min(step, text.size()));
        if (text.empty()) splitter.end();
    }
  }
}

void expect(std::string_view text, const Texts& found) {
  for (const std::size_t step : {1U, 2U, 3U, 1000U}) EXPECT_EQ(split(text, step), found) << text << " by " << step;
}

TEST(JsonSplitter, OneValueIsFoundWithoutTheSpaceAroundIt) {
  expect(R"({"a":1})", {R"({"a":1})"});
  expect(" \t\r\n{ } \n", {"{ }"});
  expect(R"({"a" : [ 1 , -0.5e+3 , true, false , null, "x\"\\\u00e9", {} , [] ] })",
         {R"({"a" : [ 1 , -0.5e+3 , true, false , null, "x\"\\\u00e9", {} , [] ] })"});
}

TEST(JsonSplitter, ValuesFollowEachOtherWithOrWithoutSpace) {
  expect("{}{}[] \"x\"true null1 2 -3\n", {"{}", "{}", "[]", "\"x\"", "true", "null", "1", "2", "-3"});
  expect("01", {"0", "1"});
  expect("12", {"12"});
}

TEST(JsonSplitter, SpaceIsTheEnd) {
  expect("", {});
  expect(" \n ", {});
}

TEST(JsonSplitter, ATextThatBreaksOffIsNoValue) {
  for (const char* text : {"{", "[", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "\"x", "\"x\\", "\"\\u12", "-", "1.",
                           "1e", "1e+", "tru", "[1"}) {
    expect(text, {"unexpected EOF"});
  }
}

TEST(JsonSplitter, FaultsAreNamedAsEncodingJsonNamesThem) {
  const struct {
    const char* text;
    const char* fault;
  } cases[] = {
      {"x", "invalid character 'x' looking for beginning of value"},
      {"}", "invalid character '}' looking for beginning of value"},
      {"[,", "invalid character ',' looking for beginning of value"},
      {"{x", "invalid character 'x' looking for beginning of object key string"},
      {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
      {"{'a'", "invalid character '\\'' looking for beginning of object key string"},
      {"{\"a\"x", "invalid character 'x' after object key"},
      {"{\"a\":1 \"b\"", "invalid character '\"' after object key:value pair"},
      {"{\"a\":1]", "invalid character ']' after object key:value pair"},
      {"{\"a\":01", "invalid character '1' after object key:value pair"},
      {"[1 2", "invalid character '2' after array element"},
      {"[1}", "invalid character '}' after array element"},
      {"\"\n", "invalid character '\\n' in string literal"},
      {"\"\x01", "invalid character '\\x01' in string literal"},
      {"\"\\x", "invalid character 'x' in string escape code"},
      {"\"\\u12g", "invalid character 'g' in \\u hexadecimal character escape"},
      {"-x", "invalid character 'x' in numeric literal"},
      {"[1.]", "invalid character ']' after decimal point in numeric literal"},
      {"[1e]", "invalid character ']' in exponent of numeric literal"},
      {"[1e+]", "invalid character ']' in exponent of numeric literal"},
      {"trux", "invalid character 'x' in literal true (expecting 'e')"},
      {"fx", "invalid character 'x' in literal false (expecting 'a')"},
      {"nulx", "invalid character 'x' in literal null (expecting 'l')"},
      {"\xff", "invalid character 'ÿ' looking for beginning of value"},
      {"\x80", "invalid character '\\u0080' looking for beginning of value"},
      {"\xc3\xa4", "invalid character 'Ã' looking for beginning of value"},
  };
  for (const auto& one : cases) expect(one.text, {one.fault});
}

TEST(JsonSplitter, AfterAFaultNothingMoreIsFound) {
  expect("{} x {}", {"{}", "invalid character 'x' looking for beginning of value"});
}

TEST(JsonSplitter, NestingHasALimit) {
  std::string deep(JsonSplitter::kMaxDepth, '[');
  std::string closed = deep + std::string(JsonSplitter::kMaxDepth, ']');
  EXPECT_EQ(split(closed, 1000), Texts{closed});
  EXPECT_EQ(split(deep + "[", 1000), Texts{"invalid character '[' exceeded max depth"});
}

TEST(JsonSplitter, ItKnowsWhenOnlySpaceIsLeft) {
  JsonSplitter splitter;
  splitter.append("{} ");
  std::string_view value;
  EXPECT_EQ(splitter.next(value), JsonSplitter::Found::kValue);
  EXPECT_FALSE(splitter.is_over());
  splitter.append(" \n");
  splitter.end();
  EXPECT_TRUE(splitter.is_over());
  EXPECT_EQ(splitter.held_bytes(), 0U);

  JsonSplitter other;
  other.append("{} 1");
  other.end();
  EXPECT_EQ(other.next(value), JsonSplitter::Found::kValue);
  EXPECT_FALSE(other.is_over());
}

}  // namespace
}  // namespace etcd::gateway
