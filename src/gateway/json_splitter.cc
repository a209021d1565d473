#include "gateway/json_splitter.h"

#include "base/go_text.h"

namespace etcd::gateway {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20;
}

// A byte as Go quotes the character of that number: 'x', '\n', '\'', '\u0080', 'ÿ'.
std::string quoted(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\'') return R"('\'')";
  if (c == '"') return R"('"')";
  if (byte >= 0x80) {
    constexpr std::string_view kHex = "0123456789abcdef";
    if (byte <= 0xa0 || byte == 0xad) return std::string("'\\u00") + kHex[byte >> 4] + kHex[byte & 15] + "'";
    return {'\'', static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f)), '\''};
  }
  std::string text = base::go_quote(std::string_view(&c, 1));
  text.front() = text.back() = '\'';
  return text;
}

}  // namespace

void JsonSplitter::append(std::string_view text) {
  text_.erase(0, start_);
  at_ -= start_;
  start_ = 0;
  text_.append(text);
}

JsonSplitter::Found JsonSplitter::next(std::string_view& value) {
  if (!error_.empty()) return Found::kError;
  while (at_ < text_.size()) {
    if (place_ == Place::kString) skip_plain_string();
    if (at_ == text_.size()) break;
    switch (take(text_[at_++])) {
      case Verdict::kGoOn:
        break;
      case Verdict::kDone:
        return cut(at_, value);
      case Verdict::kDoneBefore:
        return cut(--at_, value);
      case Verdict::kError:
        return Found::kError;
    }
  }
  return ended_ ? finish(value) : Found::kNothingYet;
}

bool JsonSplitter::is_over() {
  if (!ended_ || place_ != Place::kValue || !open_.empty()) return false;
  while (at_ < text_.size() && is_space(text_[at_])) start_ = ++at_;
  return at_ == text_.size();
}

void JsonSplitter::skip_plain_string() {
  while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && !is_control(text_[at_])) ++at_;
}

JsonSplitter::Found JsonSplitter::cut(std::size_t end, std::string_view& value) {
  value = std::string_view(text_).substr(start_, end - start_);
  start_ = end;
  place_ = Place::kValue;
  return Found::kValue;
}

JsonSplitter::Found JsonSplitter::finish(std::string_view& value) {
  if (place_ == Place::kValue && open_.empty()) return Found::kEnd;
  if (open_.empty() && number_may_end()) return cut(at_, value);
  error_ = "unexpected EOF";
  return Found::kError;
}

JsonSplitter::Verdict JsonSplitter::take(char c) {
  if (place_ >= Place::kMinus) return take_in_number(c);
  if (place_ == Place::kWord) return take_in_word(c);
  if (place_ >= Place::kString) return take_in_string(c);
  if (!is_space(c)) return take_structure(c);
  if (place_ == Place::kValue && open_.empty()) start_ = at_;
  return Verdict::kGoOn;
}

// Between the words, strings and numbers.
JsonSplitter::Verdict JsonSplitter::take_structure(char c) {
  switch (place_) {
    case Place::kFirstElement:
      return c == ']' ? close() : take_value(c);
    case Place::kFirstKey:
      if (c == '}') return close();
      [[fallthrough]];
    case Place::kKey:
      return c == '"' ? begin_string(true) : refuse(c, "looking for beginning of object key string");
    case Place::kColon:
      if (c != ':') return refuse(c, "after object key");
      place_ = Place::kValue;
      return Verdict::kGoOn;
    case Place::kAfterMember:
      if (c == '}') return close();
      if (c != ',') return refuse(c, "after object key:value pair");
      place_ = Place::kKey;
      return Verdict::kGoOn;
    case Place::kAfterElement:
      if (c == ']') return close();
      if (c != ',') return refuse(c, "after array element");
      place_ = Place::kValue;
      return Verdict::kGoOn;
    default:
      return take_value(c);
  }
}

JsonSplitter::Verdict JsonSplitter::take_value(char c) {
  switch (c) {
    case '{':
      return open(c, Place::kFirstKey);
    case '[':
      return open(c, Place::kFirstElement);
    case '"':
      return begin_string(false);
    case 't':
      word_ = "true";
      break;
    case 'f':
      word_ = "false";
      break;
    case 'n':
      word_ = "null";
      break;
    case '-':
      place_ = Place::kMinus;
      return Verdict::kGoOn;
    case '0':
      place_ = Place::kZero;
      return Verdict::kGoOn;
    default:
      if (!is_digit(c)) return refuse(c, "looking for beginning of value");
      place_ = Place::kDigits;
      return Verdict::kGoOn;
  }
  place_ = Place::kWord;
  word_at_ = 1;
  return Verdict::kGoOn;
}

JsonSplitter::Verdict JsonSplitter::begin_string(bool is_key) {
  in_key_ = is_key;
  place_ = Place::kString;
  return Verdict::kGoOn;
}

JsonSplitter::Verdict JsonSplitter::open(char bracket, Place place) {
  open_.push_back(bracket);
  place_ = place;
  return open_.size() <= kMaxDepth ? Verdict::kGoOn : refuse(bracket, "exceeded max depth");
}

JsonSplitter::Verdict JsonSplitter::close() {
  open_.pop_back();
  return value_is_over();
}

JsonSplitter::Verdict JsonSplitter::value_is_over() {
  if (open_.empty()) return Verdict::kDone;
  place_ = open_.back() == '{' ? Place::kAfterMember : Place::kAfterElement;
  return Verdict::kGoOn;
}

JsonSplitter::Verdict JsonSplitter::take_in_string(char c) {
  if (place_ == Place::kHex) {
    if (!is_hex(c)) return refuse(c, "in \\u hexadecimal character escape");
    if (--hex_left_ == 0) place_ = Place::kString;
    return Verdict::kGoOn;
  }
  if (place_ == Place::kEscape) {
    hex_left_ = 4;
    place_ = c == 'u' ? Place::kHex : Place::kString;
    const bool is_known = std::string_view("bfnrt\\/\"u").find(c) != std::string_view::npos;
    return is_known ? Verdict::kGoOn : refuse(c, "in string escape code");
  }
  if (is_control(c)) return refuse(c, "in string literal");
  if (c == '\\') place_ = Place::kEscape;
  if (c != '"') return Verdict::kGoOn;
  if (!in_key_) return value_is_over();
  place_ = Place::kColon;
  return Verdict::kGoOn;
}

JsonSplitter::Verdict JsonSplitter::take_in_word(char c) {
  if (c != word_[word_at_]) {
    return refuse(c, "in literal " + std::string(word_) + " (expecting " + quoted(word_[word_at_]) + ")");
  }
  return ++word_at_ < word_.size() ? Verdict::kGoOn : value_is_over();
}

bool JsonSplitter::number_may_end() const {
  return place_ == Place::kZero || place_ == Place::kDigits || place_ == Place::kFraction ||
         place_ == Place::kExponentDigits;
}

JsonSplitter::Verdict JsonSplitter::take_in_number(char c) {
  const auto go_on = [this](Place place) {
    place_ = place;
    return Verdict::kGoOn;
  };
  switch (place_) {
    case Place::kMinus:
      return c == '0' ? go_on(Place::kZero) : is_digit(c) ? go_on(Place::kDigits) : refuse(c, "in numeric literal");
    case Place::kPoint:
      return is_digit(c) ? go_on(Place::kFraction) : refuse(c, "after decimal point in numeric literal");
    case Place::kExponent:
      if (c == '+' || c == '-') return go_on(Place::kExponentSign);
      [[fallthrough]];
    case Place::kExponentSign:
      return is_digit(c) ? go_on(Place::kExponentDigits) : refuse(c, "in exponent of numeric literal");
    default:
      break;
  }
  if (is_digit(c) && place_ != Place::kZero) return Verdict::kGoOn;
  if (c == '.' && (place_ == Place::kZero || place_ == Place::kDigits)) return go_on(Place::kPoint);
  if ((c == 'e' || c == 'E') && place_ != Place::kExponentDigits) return go_on(Place::kExponent);
  // The number ended before this character, which belongs to what is around it.
  return value_is_over() == Verdict::kDone ? Verdict::kDoneBefore : take(c);
}

JsonSplitter::Verdict JsonSplitter::refuse(char c, std::string_view where) {
  error_ = "invalid character " + quoted(c) + " " + std::string(where);
  return Verdict::kError;
}

}  // namespace etcd::gateway
