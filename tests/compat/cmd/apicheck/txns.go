package main

import (
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func txnScenarios() []scenario {
	return []scenario{
		{name: "txn: operations in order", run: txnOperations},
		{name: "txn: nested branches", run: txnNested},
		{name: "txn: duplicate keys", run: txnDuplicates},
		{name: "txn: refused operations", run: txnRefused},
		{name: "txn: number of operations", args: []string{"--max-txn-ops=8"}, run: txnCounts},
		{name: "txn: ranges at revisions", run: txnRevisions},
	}
}

// both runs the operations in either branch.
func (p *pair) both(requests ...any) {
	p.ask(then(requests...))
	p.ask(otherwise(requests...))
}

func txnOperations(p *pair) {
	all := getRange("\x00", "\x00")
	p.both()
	p.ask(&pb.TxnRequest{})
	p.both(get("absent"))
	p.both(put("a", "1"))
	p.both(all, put("a", "2"), all, put("b", "1"), all, del("a", ""), all)
	p.both(put("c", "1"), del("a", "c"), all)
	p.both(del("absent", ""))
	p.both(del("absent", ""), all)
	p.both(del("c", ""), del("c", ""), all)
	p.both(put("d", "1"), put("e", "1"), put("f", "1"), all)
	p.both(&pb.PutRequest{Key: []byte("d"), Value: []byte("2"), PrevKv: true},
		&pb.DeleteRangeRequest{Key: []byte("e"), PrevKv: true},
		&pb.PutRequest{Key: []byte("g"), PrevKv: true}, all)
	p.both(&pb.PutRequest{Key: []byte("d"), IgnoreValue: true},
		&pb.PutRequest{Key: []byte("f"), IgnoreLease: true, Value: []byte("x")}, all)
	p.both(&pb.RangeRequest{Key: []byte("a"), RangeEnd: []byte{0}, Limit: 1, Serializable: true})
	p.both(&pb.RangeRequest{Key: []byte("a"), RangeEnd: []byte{0}, Limit: 2,
		SortOrder: pb.RangeRequest_DESCEND, SortTarget: pb.RangeRequest_MOD})
	p.both(&pb.RangeRequest{Key: []byte("a"), RangeEnd: []byte{0}, KeysOnly: true},
		&pb.RangeRequest{Key: []byte("a"), RangeEnd: []byte{0}, CountOnly: true})
	p.both(put("x1", "1"), &pb.RangeRequest{Key: []byte("x1"), KeysOnly: true},
		&pb.RangeRequest{Key: []byte("x"), RangeEnd: []byte("y"), CountOnly: true})
	p.both(del("\x00", "\x00"), all)
	p.both(all)
	p.sameEverything()
}

func txnNested(p *pair) {
	all := getRange("\x00", "\x00")
	inner := func(key string, version int64) *pb.TxnRequest {
		return &pb.TxnRequest{
			Compare: []*pb.Compare{versionIs(key, version)},
			Success: ops(put(key+"/then", "1"), all),
			Failure: ops(put(key+"/else", "1"), all),
		}
	}
	for range 2 {
		p.both(inner("a", 0), inner("b", 1), all)
		p.both(put("a", "1"), inner("a", 0), inner("a/x", 1))
		p.both(&pb.TxnRequest{}, all)
		p.both(&pb.TxnRequest{Success: ops(get("a"))})
		p.both(then(then(then(put("deep", "1"), all))))
		p.both(otherwise(then(put("x", "1")), put("y", "1")), otherwise(get("x")))
		// The condition inside sees the state before the whole transaction.
		p.both(put("fresh", "1"), &pb.TxnRequest{Compare: []*pb.Compare{versionIs("fresh", 1)},
			Success: ops(put("seen", "yes")), Failure: ops(put("seen-not", "yes"))})
		p.both(del("fresh", ""), then(all), then(del("seen", "seen-z"), all))
		p.both(then(), then(get("a")), otherwise(), then(put("z", "1")), otherwise(then(), put("w", "2")))
	}
	p.sameEverything()
}

func txnDuplicates(p *pair) {
	seedKeys(p)
	list := [][]any{
		{put("a", "1"), put("a", "2")},
		{put("a", "1"), put("b", "2"), put("a", "3")},
		{put("a", "1"), del("a", "")},
		{del("a", ""), put("a", "1")},
		{del("a", "c"), put("b", "1")},
		{put("b", "1"), del("a", "c")},
		{del("a", "b"), put("b", "1")},
		{del("a", "\x00"), put("zz", "1")},
		{del("b", "\x00"), put("a", "1")},
		{del("\x00", "\x00"), put("a", "1")},
		{del("\x00", ""), put("a", "1")},
		{del("c", "a"), put("b", "1")},
		{del("c", "a"), put("c", "1")},
		{del("a", "a"), put("a", "1")},
		{del("a", ""), del("a", "b"), del("a", "\x00")},
		{put("a", "1"), then(put("a", "2"))},
		{then(put("a", "2")), put("a", "1")},
		{then(put("a", "2")), then(put("a", "1"))},
		{then(put("a", "2")), otherwise(put("a", "1"))},
		{&pb.TxnRequest{Success: ops(put("a", "1")), Failure: ops(put("a", "2"))}},
		{&pb.TxnRequest{Success: ops(put("a", "1")), Failure: ops(put("a", "2"))}, put("a", "3")},
		{&pb.TxnRequest{Success: ops(put("a", "1")), Failure: ops(del("a", ""))}},
		{&pb.TxnRequest{Success: ops(put("a", "1")), Failure: ops(del("a", ""))}, put("a", "3")},
		{&pb.TxnRequest{Success: ops(put("a", "1")), Failure: ops(del("a", ""))}, del("a", "")},
		{then(del("a", "c")), put("b", "1")},
		{then(del("a", "c")), then(put("b", "1"))},
		{then(put("b", "1")), then(del("a", "c"))},
		{then(put("b", "1")), del("a", "c")},
		{put("b", "1"), then(del("a", "c"))},
		{otherwise(del("a", "c")), put("b", "1")},
		{then(then(del("a", "c"))), then(then(put("b", "1")))},
		{then(then(put("b", "1"))), then(then(del("a", "c")))},
		{then(put("a", "1"), put("a", "1"))},
		{otherwise(put("a", "1"), put("a", "1"))},
		{put("", "1"), put("", "1")},
		{del("", ""), del("", "")},
		{&pb.TxnRequest{Success: ops(then(put("q", "1"))), Failure: ops(then(put("q", "2")))}, put("r", "")},
	}
	for _, requests := range list {
		p.both(requests...)
		p.both(then(requests...))
	}
	p.sameEverything()
}

func txnRefused(p *pair) {
	seedKeys(p)
	badOrder := getRange("k", "l")
	badOrder.SortOrder = 7
	list := [][]any{
		{nil}, {put("a", "1"), nil}, {get("")}, {put("", "1")}, {del("", "")}, {del("", "\x00")},
		{then(get(""))}, {then(nil)}, {badOrder},
		{&pb.TxnRequest{Compare: []*pb.Compare{versionIs("", 1)}}},
		{&pb.PutRequest{Key: []byte("absent"), IgnoreValue: true}},
		{put("ok", "1"), &pb.PutRequest{Key: []byte("absent"), IgnoreValue: true}},
		{put("absent", "1"), &pb.PutRequest{Key: []byte("absent2"), IgnoreLease: true}},
		{put("ok", "1"), then(&pb.PutRequest{Key: []byte("absent"), IgnoreValue: true})},
		{&pb.PutRequest{Key: []byte("k00"), IgnoreValue: true, Value: []byte("v")}},
		{&pb.PutRequest{Key: []byte("k00"), IgnoreLease: true, Lease: 3}},
		{put("ok", "1"), &pb.PutRequest{Key: []byte("k00"), Lease: 424242}},
		{del("k00", ""), &pb.PutRequest{Key: []byte("k01"), IgnoreValue: true}},
		{put("ok", "1"), getAt("k00", "", 1<<40)},
		{put("ok", "1"), getAt("k00", "", -3)},
	}
	for _, requests := range list {
		p.both(requests...)
		// A refused operation in the branch that isn't taken.
		p.ask(&pb.TxnRequest{Success: ops(put("taken", "1")), Failure: ops(requests...)})
		p.ask(&pb.TxnRequest{Success: ops(get("k00")), Failure: ops(requests...)})
	}
	p.sameEverything()
}

func txnCounts(p *pair) {
	puts := func(count int) []any {
		var list []any
		for i := range count {
			list = append(list, put(fmt.Sprintf("n%d", i), "v"))
		}
		return list
	}
	for _, count := range []int{0, 1, 7, 8, 9, 20} {
		p.both(puts(count)...)
		var compares []*pb.Compare
		for range count {
			compares = append(compares, versionIs("n0", 1))
		}
		p.judge(compares...)
		for outer := range 9 {
			requests := append([]any{then(puts(count)...)}, puts(0)...)
			for i := range outer {
				requests = append(requests, put(fmt.Sprintf("outer%d", i), "v"))
			}
			p.both(requests...)
		}
		p.both(then(then(puts(count)...)))
		p.both(then(), then(), then(), otherwise(puts(count)...))
	}
	deep := then(put("deepest", "v"))
	for range 12 {
		p.ask(deep)
		deep = then(deep)
	}
	p.sameEverything()
}

func txnRevisions(p *pair) {
	seedKeys(p)
	now := p.revision
	p.ask(&pb.CompactionRequest{Revision: now / 2})
	for _, revision := range []int64{-1, 0, 1, now/2 - 1, now / 2, now/2 + 1, now - 1, now, now + 1, now + 2} {
		at := getAt("k", "l", revision)
		p.both(at)
		p.both(at, getAt("k00", "", now))
		p.both(put("w", "1"), at)
		p.both(at, put("w", "1"))
		p.both(then(at), put("w", "1"))
		p.both(del("k05", ""), at, getAt("k", "l", now))
		p.ask(&pb.TxnRequest{Success: ops(put("w", "2")), Failure: ops(at)})
		p.ask(&pb.TxnRequest{Success: ops(get("w")), Failure: ops(at)})
	}
	p.sameEverything()
}
