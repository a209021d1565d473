// The scripts in testdata/: what each request does to the state, and what is in the db afterwards.
#include <gtest/gtest.h>

#include "apply/testing/scripted.h"
#include "base/testing/script.h"

namespace etcd::apply {
namespace {

class Scripts : public ::testing::TestWithParam<const char*> {};

TEST_P(Scripts, GoAsWritten) {
  testing::Scripted replica;
  const std::string path = std::string("testdata/") + GetParam() + ".txt";
  EXPECT_EQ(base::testing::run_script(path, [&](const std::vector<std::string>& lines) { return replica.run(lines); }),
            "");
}

INSTANTIATE_TEST_SUITE_P(All, Scripts,
                         ::testing::Values("put", "delete", "txn", "leases", "alarms", "quota", "compaction",
                                           "cluster"),
                         [](const auto& script) { return std::string(script.param); });

}  // namespace
}  // namespace etcd::apply
