// ClusterService: etcd's Cluster service.
#pragma once

#include "api/context.h"
#include "api/gate.h"
#include "api/membership_changes.h"
#include "api/replies.h"
#include "rpc/service.h"

namespace etcd::api {

class ClusterService {
 public:
  // All must outlive it.
  ClusterService(Context& context, Gate& gate, const Replies& replies, MembershipChanges& changes)
      : context_(context), gate_(gate), replies_(replies), changes_(changes) {}

  void register_methods(Methods& methods);

  void member_list(rpc::UnaryCall call);
  void member_add(rpc::UnaryCall call);
  void member_remove(rpc::UnaryCall call);
  void member_update(rpc::UnaryCall call);
  void member_promote(rpc::UnaryCall call);

 private:
  bool admit(rpc::UnaryCall& call);
  void list_now(rpc::UnaryCall call);
  // Answers with the members after a change; `added` is the one that it added.
  MembershipChanges::Done answer_with_members(rpc::UnaryCall call, std::optional<cluster::Member> added = std::nullopt);

  Context& context_;
  Gate& gate_;
  const Replies& replies_;
  MembershipChanges& changes_;
};

}  // namespace etcd::api
