#include "cluster/v2_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace etcd::cluster {
namespace {

std::string file(const std::string& name) {
  std::ifstream in("testdata/" + name);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

Member started(std::uint64_t id) {
  return {.id = MemberId(id),
          .name = "default",
          .peer_urls = {"http://localhost:2380"},
          .client_urls = {"http://localhost:2379"}};
}

// The files are what etcd 3.7.3 wrote for the same clusters.
TEST(V2Store, EqualsGoForAnEmptyCluster) {
  EXPECT_EQ(v2_store_json({}), file("v2_store_empty.json"));
}

TEST(V2Store, EqualsGoForOneMember) {
  View view;
  view.members = {started(0x8e9e05c52164694d)};
  view.cluster_version = "3.7.0";
  EXPECT_EQ(v2_store_json(view), file("v2_store_one_member.json"));
}

TEST(V2Store, HoldsMembersLearnersAndRemovedOnes) {
  View view;
  view.members = {started(1), {.id = MemberId(0xab), .peer_urls = {"http://x"}, .is_learner = true}};
  view.removed = {MemberId(0xcd)};
  const auto json = nlohmann::json::parse(v2_store_json(view));
  const auto& root = json["Root"]["Children"]["0"]["Children"];
  EXPECT_EQ(root["members"]["Children"]["ab"]["Children"]["raftAttributes"]["Value"],
            R"({"peerURLs":["http://x"],"isLearner":true})");
  EXPECT_FALSE(root["members"]["Children"]["ab"]["Children"].contains("attributes"));
  EXPECT_EQ(root["removed_members"]["Children"]["cd"]["Value"], "");
  EXPECT_EQ(json["CurrentIndex"], 4);
}

TEST(V2Store, KeepsTheLastThousandEventsInARing) {
  View view;
  for (std::uint64_t id = 1; id <= 1500; ++id) view.removed.push_back(MemberId(id));
  const auto history = nlohmann::json::parse(v2_store_json(view))["WatcherHub"]["EventHistory"];
  EXPECT_EQ(history["Queue"]["Events"].size(), 1000u);
  EXPECT_EQ(history["Queue"]["Front"], 500);
  EXPECT_EQ(history["Queue"]["Back"], 500);
  EXPECT_EQ(history["Queue"]["Events"][499]["node"]["createdIndex"], 1500);
  EXPECT_EQ(history["Queue"]["Events"][500]["node"]["createdIndex"], 501);
  EXPECT_EQ(history["StartIndex"], 501);
  EXPECT_EQ(history["LastIndex"], 1500);
}

}  // namespace
}  // namespace etcd::cluster
