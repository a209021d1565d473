#include "server/discovery.h"

#include <gtest/gtest.h>

#include <map>

namespace etcd::server {
namespace {

constexpr const char* kSize = "/_etcd/registry/token/_config/size";
constexpr const char* kMembers = "/_etcd/registry/token/members/";

// A key space in memory, in which something may happen while the member waits.
struct Store {
  std::map<std::string, RegistryEntry> entries;
  std::int64_t revision = 1;
  int failures = 0;  // of the next requests
  std::vector<std::int64_t> slept_ns;
  std::function<void()> meanwhile = [] {};

  void put(const std::string& key, const std::string& value) {
    ++revision;
    entries.try_emplace(key, RegistryEntry{key, {}, Revision(revision)}).first->second.value = value;
  }
  bool fails() { return failures > 0 && failures-- > 0; }

  Registry registry() {
    return {.read = [this](const std::string& prefix) -> Result<std::vector<RegistryEntry>> {
              if (fails()) return fail(Errc::kIo, "connection refused");
              std::vector<RegistryEntry> found;
              for (const auto& [key, entry] : entries) {
                if (key.starts_with(prefix)) found.push_back(entry);
              }
              return found;
            },
            .write = [this](const std::string& key, const std::string& value) -> Status {
              if (fails()) return fail(Errc::kTimeout, "i/o timeout");
              put(key, value);
              return {};
            },
            .sleep =
                [this](std::int64_t ns) {
                  slept_ns.push_back(ns);
                  meanwhile();
                }};
  }
};

Result<std::string> join(Store& store) {
  return join_by_discovery(store.registry(), {.token = "token", .id = MemberId(0xa), .peer_urls = "a=http://a:1,a=http://a:2"}, base::null_logger());
}

TEST(Discovery, AMemberThatIsAloneFindsItself) {
  Store store;
  store.put(kSize, "1");
  EXPECT_EQ(join(store).value(), "a=http://a:1,a=http://a:2");
  EXPECT_EQ(store.entries.at(std::string(kMembers) + "a").value, "a=http://a:1,a=http://a:2");
}

TEST(Discovery, WaitsForTheOthersAndTakesTheFirstByCreateRevision) {
  Store store;
  store.put(kSize, "3");
  store.put(std::string(kMembers) + "c", "c=http://c:1");
  store.meanwhile = [&] {
    store.put(std::string(kMembers) + "b", " b=http://b:1\n");
    store.put(std::string(kMembers) + "0", "late=http://late:1");
  };
  EXPECT_EQ(join(store).value(), "c=http://c:1,a=http://a:1,a=http://a:2,b=http://b:1");
}

TEST(Discovery, WhoComesAfterTheLastIsRefused) {
  Store store;
  store.put(kSize, "1");
  store.put(std::string(kMembers) + "b", "b=http://b:1");
  EXPECT_EQ(join(store).error().detail, "failed to join discovery cluster (discovery: cluster is full)");
  EXPECT_FALSE(store.entries.contains(std::string(kMembers) + "a"));
}

TEST(Discovery, WhoHasRegisteredBeforeKeepsItsPlace) {
  Store store;
  store.put(kSize, "2");
  store.put(std::string(kMembers) + "a", "a=http://old:1");
  store.put(std::string(kMembers) + "b", "b=http://b:1");
  EXPECT_EQ(join(store).value(), "a=http://a:1,a=http://a:2,b=http://b:1");
}

TEST(Discovery, WithoutASizeThereIsNoCluster) {
  Store store;
  EXPECT_EQ(join(store).error().detail, "failed to join discovery cluster (discovery: size key not found)");
  for (const char* bad : {"", "0", "-1", "three", "3x"}) {
    store.put(kSize, bad);
    EXPECT_EQ(join(store).error().detail, "failed to join discovery cluster (discovery: size key is bad)") << bad;
  }
}

TEST(Discovery, WhatFailsIsTriedAgainWithLongerAndLongerPauses) {
  Store store;
  store.put(kSize, "1");
  store.failures = 10;
  EXPECT_EQ(join(store).value(), "a=http://a:1,a=http://a:2");
  ASSERT_EQ(store.slept_ns.size(), 10u);
  EXPECT_EQ(store.slept_ns.front(), 2'000'000'000);
  EXPECT_EQ(store.slept_ns.at(7), 256'000'000'000);
  EXPECT_EQ(store.slept_ns.at(9), 256'000'000'000);
}

TEST(Discovery, WhatIsNoMemberIsPassedOverAndWhatIsNoUrlEndsIt) {
  Store store;
  store.put(kSize, "2");
  store.put(std::string(kMembers) + "x", "nonsense");
  store.put(std::string(kMembers) + "b", "b=::");
  EXPECT_EQ(join(store).error().detail, "failed to join discovery cluster (discovery: invalid peer URL)");
}

}  // namespace
}  // namespace etcd::server
