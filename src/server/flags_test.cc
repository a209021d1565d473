#include "server/flags.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace etcd::server {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Flags, ThereAreAsManyAsInEtcdAndNoneTwice) {
  Config config;
  std::set<std::string_view> names;
  std::size_t dropped = 0;
  for (const Flag& flag : flag_table(config)) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    dropped += is_ignored(flag.value) ? 1 : 0;
  }
  EXPECT_EQ(names.size(), 128u);
  EXPECT_EQ(dropped, 15u);
}

TEST(Flags, EachTakesItsOwnDefaultBack) {
  Config config;
  for (const Flag& flag : flag_table(config)) {
    const std::string text = print_value(flag.value);
    if (is_ignored(flag.value) || flag.name == "v2-deprecation") continue;
    EXPECT_TRUE(set_value(flag.value, text).has_value()) << flag.name << " '" << text << "'";
    EXPECT_EQ(print_value(flag.value), text) << flag.name;
  }
}

TEST(Flags, WhoeverIsNotFullySupportedSaysWhy) {
  Config config;
  for (const Flag& flag : flag_table(config)) EXPECT_EQ(flag.note.empty(), flag.support == Support::kFull) << flag.name;
}

TEST(Flags, TheirVariablesAreUpperCaseWithUnderscores) {
  EXPECT_EQ(environment_name("listen-client-urls"), "ETCD_LISTEN_CLIENT_URLS");
  EXPECT_EQ(environment_name("v"), "ETCD_V");
}

TEST(Flags, TheCompatibilityPageListsThoseWithoutFullSupport) {
  EXPECT_NE(read_text("../../docs/compat.md").find(support_table()), std::string::npos)
      << "put this under 'Flags' in docs/compat.md:\n"
      << support_table();
}

TEST(FeatureGates, HoldTheirDefaultsUntilSet) {
  const FeatureGates gates;
  for (const Feature& feature : known_features()) EXPECT_EQ(gates.enabled(feature.name), feature.by_default) << feature.name;
  EXPECT_EQ(gates.to_string(), "");
}

TEST(FeatureGates, AWholeStageYieldsToWhatWasSetByName) {
  FeatureGates gates;
  ASSERT_TRUE(gates.set("AllAlpha=true, PriorityRequest=false").has_value());
  EXPECT_TRUE(gates.enabled("CompactHashCheck"));
  EXPECT_FALSE(gates.enabled("PriorityRequest"));
  EXPECT_TRUE(gates.enabled("FastLeaseKeepAlive"));
  ASSERT_TRUE(gates.set("CompactHashCheck=false").has_value());
  EXPECT_FALSE(gates.enabled("CompactHashCheck"));
  ASSERT_TRUE(gates.set("AllBeta=false").has_value());
  EXPECT_FALSE(gates.enabled("FastLeaseKeepAlive"));
}

TEST(FeatureGates, PrintWhatWasSetInOrder) {
  FeatureGates gates;
  ASSERT_TRUE(gates.set("PriorityRequest=true,CompactHashCheck=F,").has_value());
  EXPECT_EQ(gates.to_string(), "CompactHashCheck=false,PriorityRequest=true");
}

TEST(FeatureGates, AnErrorChangesNothing) {
  FeatureGates gates;
  EXPECT_FALSE(gates.set("PriorityRequest=true,Nope=true").has_value());
  EXPECT_FALSE(gates.enabled("PriorityRequest"));
}

}  // namespace
}  // namespace etcd::server
