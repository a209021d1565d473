package main

import (
	"fmt"
	"strconv"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// Short forms for requests, so that scenarios read as lists.

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

func get(key string) *pb.RangeRequest { return &pb.RangeRequest{Key: []byte(key)} }

func getRange(key, end string) *pb.RangeRequest {
	return &pb.RangeRequest{Key: []byte(key), RangeEnd: []byte(end)}
}

func getAt(key, end string, revision int64) *pb.RangeRequest {
	return &pb.RangeRequest{Key: []byte(key), RangeEnd: []byte(end), Revision: revision}
}

func put(key, value string) *pb.PutRequest {
	return &pb.PutRequest{Key: []byte(key), Value: []byte(value)}
}

func del(key, end string) *pb.DeleteRangeRequest {
	return &pb.DeleteRangeRequest{Key: []byte(key), RangeEnd: []byte(end)}
}

// op wraps any request that may stand in a transaction.
func op(request any) *pb.RequestOp {
	switch r := request.(type) {
	case *pb.RangeRequest:
		return &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: r}}
	case *pb.PutRequest:
		return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: r}}
	case *pb.DeleteRangeRequest:
		return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: r}}
	case *pb.TxnRequest:
		return &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: r}}
	case nil:
		return &pb.RequestOp{}
	}
	panic(fmt.Sprintf("%T is no operation of a transaction", request))
}

func ops(requests ...any) []*pb.RequestOp {
	var list []*pb.RequestOp
	for _, request := range requests {
		list = append(list, op(request))
	}
	return list
}

// then is a transaction whose condition holds.
func then(requests ...any) *pb.TxnRequest { return &pb.TxnRequest{Success: ops(requests...)} }

// otherwise is a transaction whose condition does not hold.
func otherwise(requests ...any) *pb.TxnRequest {
	return &pb.TxnRequest{
		Compare: []*pb.Compare{versionIs("no such key", 1)},
		Failure: ops(requests...),
	}
}

func versionIs(key string, version int64) *pb.Compare {
	return &pb.Compare{
		Key: []byte(key), Target: pb.Compare_VERSION, Result: pb.Compare_EQUAL,
		TargetUnion: &pb.Compare_Version{Version: version},
	}
}

// seedKeys writes keys that differ in version, creation, size and history: some
// rewritten, some deleted, some deleted and written again, some in one revision.
func seedKeys(p *pair) {
	for i := range 24 {
		p.ask(put(fmt.Sprintf("k%02d", i), fmt.Sprintf("value-%d", (i*7)%24)))
	}
	for i := range 24 {
		for range i % 4 {
			p.ask(put(fmt.Sprintf("k%02d", i), fmt.Sprintf("again-%d", (i*5)%24)))
		}
	}
	p.ask(del("k03", ""))
	p.ask(del("k07", "k10"))
	p.ask(put("k08", "reborn"))
	p.ask(then(put("k30", "together"), put("k31", "together"), put("k32", ""), del("k11", "k13")))
	p.ask(put("k12", strings.Repeat("long", 300)))
	for _, key := range []string{"a", "a\x00", "a\x00b", "a\xff", "\x00", "\x00\x00", "\xff", "\xff\xff", "z"} {
		p.ask(put(key, "edge "+key))
	}
}

// intervals are pairs of key and range_end worth trying over seedKeys.
var intervals = [][2]string{
	{"k05", ""}, {"k03", ""}, {"nothing", ""}, {"\x00", ""},
	{"k05", "k15"}, {"k", "l"}, {"k10", "k10"}, {"k20", "k10"}, {"k05", "k05\x00"},
	{"k15", "\x00"}, {"\x00", "\x00"}, {"\xff", "\x00"}, {"\xff\xff\xff", "\x00"},
	{"a", "a\x00"}, {"a", "a\x01"}, {"a", "b"}, {"", "k"}, {"", ""}, {"", "\x00"},
}
