#include "node/slow_entry.h"

#include <gtest/gtest.h>

#include <string>

#include "apply/request.h"
#include "base/wire.h"
#include "node/node.h"

namespace etcd::node {
namespace {

std::string text_of(RequestKind kind, const std::string& request, Result<base::Rope> response) {
  raft::Entry entry;
  entry.data = base::SharedBytes(apply::encode_internal(7, kind, request));
  apply::Applied applied;
  applied.reply = apply::Reply{.request_id = 7, .response = std::move(response)};
  std::string text;
  for (const base::LogField& field : describe({.entry = entry, .applied = applied, .took_ns = 250'000'000, .expected_ns = 100'000'000})) {
    text += field.encoded() + "\n";
  }
  return text;
}

TEST(SlowEntry, IsDescribedWithoutItsValue) {
  std::string put;
  base::WireWriter writer(put);
  writer.bytes(1, "k");
  writer.bytes(2, "secret");
  EXPECT_EQ(text_of(RequestKind::kPut, put, base::Rope("12345")),
            "\"took\":\"250ms\"\n\"expected-duration\":\"100ms\"\n\"prefix\":\"\"\n"
            "\"request\":\"header:<ID:7> put:<key:\\\"k\\\" value_size:6>\"\n\"response\":\"size:5\"\n");
}

TEST(SlowEntry, LeasesGoByTheirIdsInHex) {
  const std::string text = text_of(RequestKind::kLeaseRevoke, apply::encode_lease_revoke(LeaseId(255)), fail(Errc::kLeaseNotFound));
  EXPECT_NE(text.find("lease_revoke:<id:00000000000000ff>"), std::string::npos) << text;
  EXPECT_NE(text.find("\"response\":\"\"\n\"error\":"), std::string::npos) << text;
}

}  // namespace
}  // namespace etcd::node
