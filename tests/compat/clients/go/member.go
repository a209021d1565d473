package main

import (
	"io"

	clientv3 "go.etcd.io/etcd/client/v3"
)

var memberChecks = []check{
	{"member list and status", memberStatus},
	{"hash, alarms and defragmentation", memberUpkeep},
	{"snapshot", memberSnapshot},
}

func memberStatus(t *test) {
	members := must1(t.client.MemberList(t.ctx)).Members
	t.equal("members", len(members), 1)
	status := must1(t.client.Status(t.ctx, endpoint))
	t.equal("leader", status.Leader, members[0].ID)
	t.equal("learner", status.IsLearner, false)
	t.equal("has a database", status.DbSize > 0, true)
	t.must(t.client.Sync(t.ctx))
	t.equal("endpoints", t.client.Endpoints(), members[0].ClientURLs)
}

func memberUpkeep(t *test) {
	must1(t.client.Put(t.ctx, t.prefix+"k", "x"))
	before := must1(t.client.HashKV(t.ctx, endpoint, 0)).Hash
	must1(t.client.Defragment(t.ctx, endpoint))
	t.equal("hash after defragmentation", must1(t.client.HashKV(t.ctx, endpoint, 0)).Hash, before)
	t.equal("alarms", len(must1(t.client.AlarmList(t.ctx)).Alarms), 0)
	must1(t.client.AlarmDisarm(t.ctx, &clientv3.AlarmMember{}))
}

func memberSnapshot(t *test) {
	reader := must1(t.client.Snapshot(t.ctx))
	defer reader.Close()
	size := must1(io.Copy(io.Discard, reader))
	if size < 16<<10 {
		t.fail("a snapshot of %d bytes", size)
	}
}
