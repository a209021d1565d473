package main

import (
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

func leaseScenarios() []scenario {
	return []scenario{
		{name: "lease: grant, attach, revoke", run: leaseLife},
		{name: "lease: keep alive", run: leaseKeepAlive},
	}
}

// longTTL lets nothing expire in a scenario; remaining times are compared after
// rounding up to hundreds.
const longTTL = 10_000

func grant(id int64) *pb.LeaseGrantRequest { return &pb.LeaseGrantRequest{ID: id, TTL: longTTL} }

func putWithLease(key string, lease int64) *pb.PutRequest {
	return &pb.PutRequest{Key: []byte(key), Value: []byte("leased"), Lease: lease}
}

func leaseLife(p *pair) {
	for _, ttl := range []int64{0, -1, 9_000_000_000, 9_000_000_001, 1 << 62} {
		p.ask(&pb.LeaseGrantRequest{ID: 1000 + ttl%7, TTL: ttl})
	}
	for _, id := range []int64{1, 2, 3, 1, -5, 1 << 62} {
		p.ask(grant(id))
	}
	for _, key := range []string{"a", "b", "c"} {
		p.ask(putWithLease(key, 1))
	}
	p.ask(putWithLease("b", 2))
	p.ask(putWithLease("x", 99))
	p.ask(put("c", "detached"))
	p.ask(&pb.PutRequest{Key: []byte("a"), Value: []byte("kept"), IgnoreLease: true, PrevKv: true})
	p.ask(then(putWithLease("t1", 3), putWithLease("t2", 3), get("a")))
	p.ask(then(putWithLease("t3", 77)))
	p.ask(&pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}, KeysOnly: true})
	leaseTimes(p)
	p.judge(&pb.Compare{Key: []byte("b"), Target: pb.Compare_LEASE, Result: pb.Compare_EQUAL,
		TargetUnion: &pb.Compare_Lease{Lease: 2}})
	p.ask(del("t1", ""))
	for _, id := range []int64{3, 3, 99, 0, -5, 1} {
		p.ask(&pb.LeaseRevokeRequest{ID: id})
		p.ask(getRange("\x00", "\x00"))
	}
	leaseTimes(p)
	p.killAndRestart()
	leaseTimes(p)
	p.ask(&pb.LeaseRevokeRequest{ID: 2})
	p.sameEverything()
}

func leaseTimes(p *pair) {
	for _, id := range []int64{0, 1, 2, 3, -5, 99, 1 << 62} {
		for _, keys := range []bool{false, true} {
			p.ask(&pb.LeaseTimeToLiveRequest{ID: id, Keys: keys})
		}
	}
}

func leaseKeepAlive(p *pair) {
	p.ask(grant(1))
	for _, s := range p.sides() {
		p.requests++
		if err := keepAlive(s.raw); err != nil {
			p.differ(fmt.Sprintf("%s: LeaseKeepAlive: %v", s.server.Binary, err))
		}
	}
}

// keepAlive renews a lease that is there and one that isn't, over one stream.
func keepAlive(raw *client.Raw) error {
	ctx, cancel := client.Timeout(callLimit)
	defer cancel()
	stream, err := raw.Lease.LeaseKeepAlive(ctx)
	if err != nil {
		return err
	}
	for _, want := range []struct{ id, ttl int64 }{{1, longTTL}, {99, 0}, {1, longTTL}} {
		if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: want.id}); err != nil {
			return err
		}
		got, err := stream.Recv()
		if err != nil {
			return err
		}
		if got.ID != want.id || got.TTL != want.ttl || got.Header.GetRevision() == 0 {
			return fmt.Errorf("lease %d: %v", want.id, got)
		}
	}
	return stream.CloseSend()
}
