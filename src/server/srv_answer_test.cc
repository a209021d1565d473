#include "server/srv_answer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace etcd::server {
namespace {

using Bytes = std::vector<unsigned char>;

constexpr unsigned kSrv = 33, kCname = 5;

void add_number(Bytes& out, unsigned number) {
  out.push_back(static_cast<unsigned char>(number >> 8));
  out.push_back(static_cast<unsigned char>(number));
}

// As labels; what follows a '*' is where in the message the rest of the name is.
void add_name(Bytes& out, std::string_view name) {
  while (!name.empty() && name.front() != '*') {
    const std::string_view label = name.substr(0, name.find('.'));
    out.push_back(static_cast<unsigned char>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  if (name.empty()) return out.push_back(0);
  add_number(out, 0xc000U | static_cast<unsigned>(std::stoi(std::string(name.substr(1)))));
}

struct Record {
  unsigned type = kSrv;
  unsigned priority = 0;
  unsigned port = 2380;
  std::string_view target;
};

Bytes data_of(const Record& record) {
  Bytes data;
  if (record.type == kSrv) {
    add_number(data, record.priority);
    add_number(data, 7);  // the weight
    add_number(data, record.port);
  }
  add_name(data, record.target);
  return data;
}

// An answer to the question for example.com. The name of each record is that of the question.
Bytes answer_of(const std::vector<Record>& records) {
  Bytes out;
  add_number(out, 99);      // the id
  add_number(out, 0x8180);  // an answer
  add_number(out, 1);
  add_number(out, static_cast<unsigned>(records.size()));
  add_number(out, 0);
  add_number(out, 0);
  add_name(out, "example.com");
  add_number(out, kSrv);
  add_number(out, 1);
  for (const Record& record : records) {
    add_name(out, "*12");
    add_number(out, record.type);
    add_number(out, 1);
    add_number(out, 0);  // how long it holds
    add_number(out, 60);
    const Bytes data = data_of(record);
    add_number(out, static_cast<unsigned>(data.size()));
    out.insert(out.end(), data.begin(), data.end());
  }
  return out;
}

std::vector<std::string> places(const std::vector<Record>& records) {
  const auto read = read_srv_answer(answer_of(records));
  if (!read) return {describe(read.error())};
  std::vector<std::string> all;
  for (const SrvRecord& record : *read) all.push_back(record.target + ":" + std::to_string(record.port));
  return all;
}

using Places = std::vector<std::string>;

TEST(SrvAnswer, RecordsComeByPriorityAndOtherwiseAsTheyCame) {
  EXPECT_EQ(places({{.priority = 2, .target = "c.example.com"}, {.priority = 1, .port = 65535, .target = "b.example.com"}, {.priority = 1, .target = "a.example.com"}}),
            (Places{"b.example.com:65535", "a.example.com:2380", "c.example.com:2380"}));
}

TEST(SrvAnswer, ANameMayEndInOneThatWasThereBefore) { EXPECT_EQ(places({{.target = "a.*12"}}), Places{"a.example.com:2380"}); }

TEST(SrvAnswer, OtherKindsOfRecordsArePassedOver) {
  EXPECT_EQ(places({{.type = kCname, .target = "other.example.com"}, {.target = "a.example.com"}}), Places{"a.example.com:2380"});
}

TEST(SrvAnswer, WithoutRecordsThereAreNone) { EXPECT_EQ(places({}), Places{}); }

TEST(SrvAnswer, EachCutOfAnAnswerIsAnError) {
  const Bytes whole = answer_of({{.target = "a.example.com"}, {.target = "b.*12"}});
  ASSERT_TRUE(read_srv_answer(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read_srv_answer(std::span(whole).first(size))) << size;
}

TEST(SrvAnswer, NamesThatLeadInCirclesOrOutOfTheMessageAreErrors) {
  const std::size_t target_at = answer_of({{.target = ""}}).size() - 1;
  const std::string circle = "*" + std::to_string(target_at);
  EXPECT_EQ(places({{.target = circle}}).front(), "cannot unmarshal DNS message");
  EXPECT_EQ(places({{.target = "*16000"}}).front(), "cannot unmarshal DNS message");
}

TEST(SrvAnswer, ARecordWithoutATargetIsAnError) {
  Bytes answer = answer_of({{.target = ""}});
  answer.pop_back();
  answer[answer.size() - 7] = 6;  // the length of its data
  EXPECT_FALSE(read_srv_answer(answer));
}

TEST(SrvAnswer, ATargetThatIsNotAsLongAsItsRecordIsAnError) {
  Bytes answer = answer_of({{.target = "a"}, {.target = "b"}});
  answer[answer.size() - 10] = 8;  // of the nine bytes of its data
  answer.pop_back();
  EXPECT_FALSE(read_srv_answer(answer));
  Bytes longer = answer_of({{.target = "b"}});
  longer[longer.size() - 10] = 10;
  longer.push_back(0);
  EXPECT_FALSE(read_srv_answer(longer));
}

TEST(SrvAnswer, MoreThanAMessageMayHaveIsAnError) { EXPECT_FALSE(read_srv_answer(Bytes(64 * 1024 + 1))); }

}  // namespace
}  // namespace etcd::server
