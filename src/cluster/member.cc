#include "cluster/member.h"

#include "cluster/json.h"
#include "cluster/json_reader.h"

namespace etcd::cluster {

namespace {

void append_raft_attributes(JsonObject& object, const Member& member) {
  object.texts("peerURLs", member.peer_urls);
  object.flag_if("isLearner", member.is_learner);
}

void append_attributes(JsonObject& object, const Member& member) {
  object.text_if("name", member.name);
  object.texts_if("clientURLs", member.client_urls);
}

void append_member(JsonObject& object, const Member& member) {
  object.number("id", member.id.value);
  append_raft_attributes(object, member);
  append_attributes(object, member);
}

Result<Member> read_member(const JsonReader& json) {
  Member member;
  TRY(json.read("id", member.id.value));
  TRY(json.read("peerURLs", member.peer_urls));
  TRY(json.read("isLearner", member.is_learner));
  TRY(json.read("name", member.name));
  TRY(json.read("clientURLs", member.client_urls));
  return member;
}

}  // namespace

std::string to_hex(std::uint64_t id) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[id & 15]);
    id >>= 4;
  } while (id != 0);
  return digits;
}

std::string member_json(const Member& member) {
  std::string out;
  JsonObject object(out);
  append_member(object, member);
  object.end();
  return out;
}

std::string member_change_json(const MemberChange& change) {
  std::string out;
  JsonObject object(out);
  append_member(object, change.member);
  object.flag("isPromote", change.is_promote);
  object.end();
  return out;
}

std::string raft_attributes_json(const Member& member) {
  std::string out;
  JsonObject object(out);
  append_raft_attributes(object, member);
  object.end();
  return out;
}

std::string attributes_json(const Member& member) {
  std::string out;
  JsonObject object(out);
  append_attributes(object, member);
  object.end();
  return out;
}

Result<Member> parse_member(std::string_view json) {
  TRY_ASSIGN(const JsonReader object, JsonReader::parse(json));
  return read_member(object);
}

std::string member_list_json(const std::vector<Member>& members) {
  std::string out = "[";
  for (const Member& member : members) {
    if (out.size() > 1) out += ',';
    out += member_json(member);
  }
  return out + "]";
}

Result<std::vector<Member>> parse_member_list(std::string_view json) {
  TRY_ASSIGN(const std::vector<JsonReader> objects, JsonReader::parse_list(json));
  std::vector<Member> members;
  for (const JsonReader& object : objects) {
    TRY_ASSIGN(Member member, read_member(object));
    members.push_back(std::move(member));
  }
  return members;
}

Result<MemberChange> parse_member_change(std::string_view json) {
  TRY_ASSIGN(const JsonReader object, JsonReader::parse(json));
  MemberChange change;
  TRY_ASSIGN(change.member, read_member(object));
  TRY(object.read("isPromote", change.is_promote));
  return change;
}

}  // namespace etcd::cluster
