package main

import (
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

var leaseChecks = []check{
	{"lease is granted, listed and told", leaseGrant},
	{"lease's revocation deletes its keys at once", leaseRevoke},
	{"lease expires with its keys", leaseExpires},
	{"lease is kept alive", leaseKeptAlive},
	{"lease of a key goes to its last put", leaseMoves},
	{"lease that is not there", leaseUnknown},
}

func leaseGrant(t *test) {
	lease := must1(t.client.Grant(t.ctx, 60))
	t.equal("ttl", lease.TTL, 60)
	must1(t.client.Put(t.ctx, t.prefix+"b", "x", clientv3.WithLease(lease.ID)))
	must1(t.client.Put(t.ctx, t.prefix+"a", "x", clientv3.WithLease(lease.ID)))
	told := must1(t.client.TimeToLive(t.ctx, lease.ID, clientv3.WithAttachedKeys()))
	t.equal("granted ttl", told.GrantedTTL, 60)
	t.equal("keys", len(told.Keys), 2)
	if told.TTL < 50 || told.TTL > 60 {
		t.fail("remaining ttl is %d", told.TTL)
	}
	listed := false
	for _, other := range must1(t.client.Leases(t.ctx)).Leases {
		listed = listed || other.ID == lease.ID
	}
	t.equal("listed", listed, true)
}

func leaseRevoke(t *test) {
	lease := must1(t.client.Grant(t.ctx, 60)).ID
	watch := t.created(t.ctx, t.prefix, clientv3.WithPrefix())
	for _, key := range []string{"a", "b", "c"} {
		must1(t.client.Put(t.ctx, t.prefix+key, key, clientv3.WithLease(lease)))
	}
	t.collect(watch, 3)
	answer := must1(t.client.Revoke(t.ctx, lease))
	deletes := <-watch
	t.must(deletes.Err())
	t.equal("deletes in one answer", len(deletes.Events), 3)
	for _, event := range deletes.Events {
		t.equal("type", event.Type, clientv3.EventTypeDelete)
		t.equal("revision", event.Kv.ModRevision, answer.Header.Revision)
	}
	t.equal("keys", must1(t.client.Get(t.ctx, t.prefix, clientv3.WithPrefix())).Count, 0)
	t.equal("ttl", must1(t.client.TimeToLive(t.ctx, lease)).TTL, -1)
}

func leaseExpires(t *test) {
	lease := must1(t.client.Grant(t.ctx, 2))
	watch := t.created(t.ctx, t.prefix+"k")
	granted := time.Now()
	must1(t.client.Put(t.ctx, t.prefix+"k", "x", clientv3.WithLease(lease.ID)))
	t.equal("events", t.collect(watch, 2), []string{"PUT k=x", "DELETE k="})
	if lived := time.Since(granted); lived < time.Duration(lease.TTL-1)*time.Second {
		t.fail("a lease of %d s lived for %s", lease.TTL, lived)
	}
}

func leaseKeptAlive(t *test) {
	lease := must1(t.client.Grant(t.ctx, 2))
	must1(t.client.Put(t.ctx, t.prefix+"k", "x", clientv3.WithLease(lease.ID)))
	answers := must1(t.client.KeepAlive(t.ctx, lease.ID))
	for begun := time.Now(); time.Since(begun) < 2*time.Duration(lease.TTL)*time.Second; {
		answer, open := <-answers
		if !open {
			t.fail("the keepalive ended")
		}
		t.equal("ttl", answer.TTL, lease.TTL)
	}
	t.equal("key", must1(t.client.Get(t.ctx, t.prefix+"k")).Count, 1)
	once := must1(t.client.KeepAliveOnce(t.ctx, lease.ID))
	t.equal("ttl", once.TTL, lease.TTL)
	must1(t.client.Revoke(t.ctx, lease.ID))
	for range answers { // until the client finds that the lease is gone
	}
}

func leaseMoves(t *test) {
	first, second := must1(t.client.Grant(t.ctx, 60)).ID, must1(t.client.Grant(t.ctx, 60)).ID
	must1(t.client.Put(t.ctx, t.prefix+"k", "x", clientv3.WithLease(first)))
	must1(t.client.Put(t.ctx, t.prefix+"k", "x", clientv3.WithLease(second)))
	must1(t.client.Revoke(t.ctx, first))
	t.equal("keys", must1(t.client.Get(t.ctx, t.prefix+"k")).Count, 1)
	told := must1(t.client.TimeToLive(t.ctx, second, clientv3.WithAttachedKeys()))
	t.equal("keys of the second", fmt.Sprintf("%s", told.Keys), fmt.Sprintf("[%sk]", t.prefix))
	must1(t.client.Revoke(t.ctx, second))
	t.equal("keys", must1(t.client.Get(t.ctx, t.prefix+"k")).Count, 0)
}

func leaseUnknown(t *test) {
	const nobody = clientv3.LeaseID(0x7fff0002)
	_, err := t.client.Revoke(t.ctx, nobody)
	t.equal("revoke", err, rpctypes.ErrLeaseNotFound)
	_, err = t.client.KeepAliveOnce(t.ctx, nobody)
	t.equal("keepalive", err, rpctypes.ErrLeaseNotFound)
	t.equal("time to live", must1(t.client.TimeToLive(t.ctx, nobody)).TTL, -1)
}
