// Any bytes, sent to any method, are answered or refused; nothing is left waiting but what the node was asked for.
#include <string>
#include <vector>

#include "api/testing/api_rig.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> kMethods = {
      "KV/Range",
      "KV/RangeStream",
      "KV/Put",
      "KV/DeleteRange",
      "KV/Txn",
      "KV/Compact",
      "Lease/LeaseGrant",
      "Lease/LeaseRevoke",
      "Lease/LeaseKeepAlive",
      "Lease/LeaseTimeToLive",
      "Lease/LeaseLeases",
      "v3lockpb.Lock/Lock",
      "v3lockpb.Lock/Unlock",
      "v3electionpb.Election/Campaign",
      "v3electionpb.Election/Proclaim",
      "v3electionpb.Election/Leader",
      "v3electionpb.Election/Resign",
      "Cluster/MemberList",
      "Maintenance/Alarm",
      "Maintenance/Status",
      "Maintenance/Hash",
      "Maintenance/HashKV",
      "Maintenance/Snapshot",
      "Maintenance/MoveLeader",
      "Maintenance/Downgrade",
      "grpc.health.v1.Health/Check",
  };
  if (size == 0) return 0;
  static etcd::api::testing::ApiRig rig({}, etcd::base::LogLevel::kDebug);
  rig.node.answer_barriers_with = etcd::Status();
  const std::string& method = kMethods[data[0] % kMethods.size()];
  const std::int32_t stream = rig.begin(method, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  while (!rig.node.proposed.empty()) {
    rig.node.answer(etcd::fail(etcd::Errc::kTimeout));
    rig.settle();
  }
  while (!rig.node.transfers.empty()) {
    rig.node.transfers.front()({});
    rig.node.transfers.pop_front();
  }
  rig.node.run_jobs();
  rig.settle();
  CHECK(rig.answer_of(stream).ended, method);
  rig.lines->text.clear();
  return 0;
}
