package main

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
)

// The lock and election services that the server itself offers.
var serviceChecks = []check{
	{"lock service", lockService},
	{"election service", electionService},
}

func lockService(t *test) {
	locks := v3lockpb.NewLockClient(t.client.ActiveConnection())
	first, second := must1(t.client.Grant(t.ctx, 60)).ID, must1(t.client.Grant(t.ctx, 60)).ID
	lock := func(lease clientv3.LeaseID) (*v3lockpb.LockResponse, error) {
		return locks.Lock(t.ctx, &v3lockpb.LockRequest{Name: []byte(t.prefix + "l"), Lease: int64(lease)})
	}
	held := must1(lock(first))
	t.equal("key's lease", must1(t.client.Get(t.ctx, string(held.Key))).Kvs[0].Lease, int64(first))
	next := make(chan error, 1)
	go func() {
		_, err := lock(second)
		next <- err
	}()
	t.waitCandidates(2)
	select {
	case err := <-next:
		t.fail("a held lock was given again: %v", err)
	default:
	}
	must1(locks.Unlock(t.ctx, &v3lockpb.UnlockRequest{Key: held.Key}))
	t.must(<-next)
	must1(t.client.Revoke(t.ctx, second))
	must1(lock(first))
}

func electionService(t *test) {
	elections := v3electionpb.NewElectionClient(t.client.ActiveConnection())
	lease := must1(t.client.Grant(t.ctx, 60)).ID
	name := []byte(t.prefix + "e")
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	observer := must1(elections.Observe(ctx, &v3electionpb.LeaderRequest{Name: name}))

	won := must1(elections.Campaign(t.ctx, &v3electionpb.CampaignRequest{Name: name, Lease: int64(lease), Value: []byte("one")}))
	t.equal("name", string(won.Leader.Name), string(name))
	t.equal("lease", won.Leader.Lease, int64(lease))
	t.equal("observed", string(must1(observer.Recv()).Kv.Value), "one")
	must1(elections.Proclaim(t.ctx, &v3electionpb.ProclaimRequest{Leader: won.Leader, Value: []byte("two")}))
	t.equal("observed", string(must1(observer.Recv()).Kv.Value), "two")
	leader := must1(elections.Leader(t.ctx, &v3electionpb.LeaderRequest{Name: name}))
	t.equal("leader", string(leader.Kv.Value), "two")
	must1(elections.Resign(t.ctx, &v3electionpb.ResignRequest{Leader: won.Leader}))
	_, err := elections.Leader(t.ctx, &v3electionpb.LeaderRequest{Name: name})
	if err == nil {
		t.fail("a leader after it resigned")
	}
}
