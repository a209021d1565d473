package main

import (
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func keyScenarios() []scenario {
	return []scenario{
		{name: "put", run: putKeys},
		{name: "delete", run: deleteKeys},
		{name: "keys at the edges", run: edgeKeys},
	}
}

func putKeys(p *pair) {
	for _, request := range []*pb.PutRequest{
		put("a", "1"),
		put("a", "2"),
		{Key: []byte("a"), Value: []byte("3"), PrevKv: true},
		{Key: []byte("new"), Value: []byte("1"), PrevKv: true},
		put("", "no key"),
		{},
		put("empty", ""),
		{Key: []byte("empty"), PrevKv: true},
		{Key: []byte("a"), IgnoreValue: true},
		{Key: []byte("a"), IgnoreValue: true, PrevKv: true},
		{Key: []byte("a"), Value: []byte("x"), IgnoreValue: true},
		{Key: []byte("absent"), IgnoreValue: true},
		{Key: []byte("a"), Value: []byte("4"), IgnoreLease: true},
		{Key: []byte("absent"), Value: []byte("4"), IgnoreLease: true},
		{Key: []byte("a"), Lease: 5, IgnoreLease: true},
		{Key: []byte("a"), Lease: 5, Value: []byte("x"), IgnoreLease: true, IgnoreValue: true},
		{Key: []byte("a"), IgnoreLease: true, IgnoreValue: true},
		{Key: []byte("a"), Value: []byte("x"), Lease: 12345},
		{Key: []byte("a"), Value: []byte("x"), Lease: -1},
		{Lease: 12345, IgnoreLease: true, IgnoreValue: true},
		put("big", strings.Repeat("v", 100_000)),
		put(strings.Repeat("k", 10_000), "long key"),
	} {
		p.ask(request)
		p.ask(getRange("\x00", "\x00"))
	}
	p.ask(del("a", ""))
	p.ask(&pb.PutRequest{Key: []byte("a"), IgnoreValue: true})
	p.ask(&pb.PutRequest{Key: []byte("a"), Value: []byte("back"), PrevKv: true})
	p.sameEverything()
}

func deleteKeys(p *pair) {
	for _, interval := range intervals {
		for _, prev := range []bool{false, true} {
			seedKeys(p)
			request := del(interval[0], interval[1])
			request.PrevKv = prev
			p.ask(request)
			p.ask(request)
			p.ask(&pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}, KeysOnly: true})
		}
	}
	p.sameEverything()
}

func edgeKeys(p *pair) {
	keys := []string{"\x00", "\x00\x00", "\x01", "\x7f", "\x80", "\xff", "\xff\xff", "a", "a\x00",
		"a\x00\x00", "a\x01", "a\xff", "ab", "b", "é", "\xc3", " ", "\n", strings.Repeat("\xff", 300)}
	for _, key := range keys {
		p.ask(put(key, "v"+key))
	}
	for _, from := range keys {
		for _, to := range keys {
			p.ask(getRange(from, to))
		}
	}
	for _, from := range keys {
		for _, to := range keys {
			p.ask(then(get("b"), del(from, to), &pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0},
				CountOnly: true}))
		}
		p.ask(put(from, "back"))
	}
	p.sameEverything()
}
