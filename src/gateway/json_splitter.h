// JsonSplitter: whole JSON values (RFC 8259) out of a text that comes in pieces: the messages of a request, one after
// the other, with or without space between them.
//
// A pure core. Owner: one call. Invariants: each byte is looked at once, however the text was cut; what is open is kept
// on a stack of at most kMaxDepth bytes, so nothing recurses. Errors are encoding/json's, to the letter, since etcd's
// clients see them; after one, nothing more is found. Whether strings are proper UTF-8 is not asked here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace etcd::gateway {

class JsonSplitter {
 public:
  static constexpr std::size_t kMaxDepth = 10'000;

  enum class Found : std::uint8_t {
    kValue,
    kNothingYet,  // more text is needed
    kEnd,         // the text is over, or was nothing but space
    kError,
  };

  void append(std::string_view text);
  // No more text will come.
  void end() { ended_ = true; }

  // With kValue, `value` is its text, which lives until the next call of anything here.
  Found next(std::string_view& value);
  // "invalid character '}' looking for beginning of value", "unexpected EOF", ...
  const std::string& error() const { return error_; }
  // The text is over, and what is left of it is space.
  bool is_over();
  // Text that no value was made of yet.
  std::size_t held_bytes() const { return text_.size() - start_; }

 private:
  // What the next character belongs to: first what is between values, then strings, words and numbers, in this order.
  enum class Place : std::uint8_t {
    kValue,
    kFirstElement,
    kKey,
    kFirstKey,
    kColon,
    kAfterMember,
    kAfterElement,
    kString,
    kEscape,
    kHex,
    kWord,
    kMinus,
    kZero,
    kDigits,
    kPoint,
    kFraction,
    kExponent,
    kExponentSign,
    kExponentDigits,
  };
  enum class Verdict : std::uint8_t { kGoOn, kDone, kDoneBefore, kError };

  Verdict take(char c);
  Verdict take_value(char c);
  Verdict take_structure(char c);
  Verdict take_in_string(char c);
  Verdict take_in_word(char c);
  Verdict take_in_number(char c);
  Verdict begin_string(bool is_key);
  Verdict open(char bracket, Place place);
  Verdict close();
  Verdict value_is_over();
  Verdict refuse(char c, std::string_view where);
  bool number_may_end() const;
  Found cut(std::size_t end, std::string_view& value);
  Found finish(std::string_view& value);
  void skip_plain_string();

  std::string text_;
  std::size_t start_ = 0;  // of the value under way
  std::size_t at_ = 0;     // the next character
  bool ended_ = false;
  std::string error_;

  Place place_ = Place::kValue;
  std::string open_;  // brackets
  bool in_key_ = false;
  int hex_left_ = 0;
  std::string_view word_;  // "true"
  std::size_t word_at_ = 0;
};

}  // namespace etcd::gateway
