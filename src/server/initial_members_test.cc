#include "server/initial_members.h"

#include <gtest/gtest.h>

namespace etcd::server {
namespace {

std::optional<std::string> no_names(const std::string&) { return std::nullopt; }

Config config_of(std::string initial_cluster, std::string_view advertised) {
  Config config;
  config.member.name = "a";
  config.cluster.initial_cluster = std::move(initial_cluster);
  config.cluster.initial_advertise_peer_urls = urls(advertised);
  return config;
}

std::string fault_of(const Config& config, const ResolveHost& resolve = no_names) {
  const Status checked = check_initial_members(config, resolve);
  return checked ? "" : checked.error().detail;
}

TEST(InitialMembers, AreFineWhenTheFlagsAgree) {
  EXPECT_EQ(fault_of(config_of("a=http://h:1", "http://h:1")), "");
  EXPECT_EQ(fault_of(config_of("a=http://h:2,a=http://h:1", "http://h:1,http://h:2")), "");
}

TEST(InitialMembers, MustNameThisOneWithItsUrls) {
  EXPECT_EQ(fault_of(config_of("b=http://h:1", "http://h:1")), "couldn't find local name \"a\" in the initial cluster configuration");
  EXPECT_EQ(fault_of(config_of("a=http://b:1", "http://h:1")).find("--initial-cluster has a=http://b:1 but missing from "
                                                                 "--initial-advertise-peer-urls=http://h:1 ("),
            0u);
  EXPECT_EQ(fault_of(config_of("a=foo", "http://h:1")),
            "error setting up initial cluster: URL scheme must be http, https, unix, or unixs: foo");
}

TEST(InitialMembers, AHostNameAndItsAddressAreTheSame) {
  const ResolveHost resolve = [](const std::string& host) -> std::optional<std::string> {
    if (host == "localhost") return "127.0.0.1";
    if (host == "six") return "::1";
    return std::nullopt;
  };
  EXPECT_EQ(fault_of(config_of("a=http://localhost:1", "http://127.0.0.1:1"), resolve), "");
  EXPECT_EQ(fault_of(config_of("a=http://[::1]:1", "http://six:1"), resolve), "");
  EXPECT_NE(fault_of(config_of("a=http://localhost:1", "http://127.0.0.1:2"), resolve), "");
}

TEST(InitialMembers, SeveralMayBeginAClusterAndOneMayJoin) {
  EXPECT_EQ(fault_of(config_of("a=http://h:1,b=http://h:2", "http://h:1")), "");
  Config joining = config_of("a=http://h:1", "http://h:1");
  joining.cluster.initial_cluster_state = "existing";
  EXPECT_EQ(fault_of(joining), "");
}

TEST(ResolveHost, KnowsThisMachine) { EXPECT_EQ(resolve_host("localhost"), "127.0.0.1"); }

}  // namespace
}  // namespace etcd::server
