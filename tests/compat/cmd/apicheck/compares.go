package main

import (
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func compareScenarios() []scenario {
	return []scenario{
		{name: "txn: every target and result", run: compareProduct},
		{name: "txn: comparisons without or with a wrong operand", run: compareOddOperands},
		{name: "txn: several comparisons", run: compareSeveral},
	}
}

// operand sets the right side of a comparison by its target.
func operand(compare *pb.Compare, number int64, text string) {
	switch compare.Target {
	case pb.Compare_VERSION:
		compare.TargetUnion = &pb.Compare_Version{Version: number}
	case pb.Compare_CREATE:
		compare.TargetUnion = &pb.Compare_CreateRevision{CreateRevision: number}
	case pb.Compare_MOD:
		compare.TargetUnion = &pb.Compare_ModRevision{ModRevision: number}
	case pb.Compare_VALUE:
		compare.TargetUnion = &pb.Compare_Value{Value: []byte(text)}
	case pb.Compare_LEASE:
		compare.TargetUnion = &pb.Compare_Lease{Lease: number}
	}
}

// judge asks which branch a comparison takes; it must not change anything.
func (p *pair) judge(compares ...*pb.Compare) {
	p.ask(&pb.TxnRequest{Compare: compares, Success: ops(get("k00")), Failure: ops(get("k01"))})
}

func compareProduct(p *pair) {
	seedKeys(p)
	for _, interval := range intervals {
		for target := range pb.Compare_CompareTarget_name {
			for result := range pb.Compare_CompareResult_name {
				for _, number := range []int64{-1, 0, 1, 2, 3, 5, 30, p.revision, p.revision + 1} {
					compare := &pb.Compare{
						Key: []byte(interval[0]), RangeEnd: []byte(interval[1]),
						Target: pb.Compare_CompareTarget(target),
						Result: pb.Compare_CompareResult(result),
					}
					operand(compare, number, fmt.Sprintf("value-%d", number))
					p.judge(compare)
				}
			}
		}
	}
	for _, text := range []string{"", "\x00", "a", "again-5", "value-0", "zzz", "\xff"} {
		for result := range pb.Compare_CompareResult_name {
			for _, interval := range intervals {
				compare := &pb.Compare{Key: []byte(interval[0]), RangeEnd: []byte(interval[1]),
					Target: pb.Compare_VALUE, Result: pb.Compare_CompareResult(result)}
				operand(compare, 0, text)
				p.judge(compare)
			}
		}
	}
}

func compareOddOperands(p *pair) {
	seedKeys(p)
	operands := []*pb.Compare{
		{},
		{TargetUnion: &pb.Compare_Version{Version: 1}},
		{TargetUnion: &pb.Compare_CreateRevision{CreateRevision: 2}},
		{TargetUnion: &pb.Compare_ModRevision{ModRevision: 2}},
		{TargetUnion: &pb.Compare_Value{Value: []byte("value-0")}},
		{TargetUnion: &pb.Compare_Lease{Lease: 7}},
	}
	for _, key := range []string{"k00", "absent", ""} {
		for target := int32(-1); target <= 6; target++ {
			for result := int32(-1); result <= 5; result++ {
				for _, with := range operands {
					p.judge(&pb.Compare{Key: []byte(key), Target: pb.Compare_CompareTarget(target),
						Result: pb.Compare_CompareResult(result), TargetUnion: with.TargetUnion})
				}
			}
		}
	}
}

func compareSeveral(p *pair) {
	seedKeys(p)
	holds, fails := versionIs("k00", 1), versionIs("k00", 9)
	empty := versionIs("", 0)
	for _, list := range [][]*pb.Compare{
		{}, {holds, holds}, {holds, fails}, {fails, holds}, {holds, empty}, {fails, empty}, {empty},
	} {
		p.judge(list...)
		p.ask(&pb.TxnRequest{Compare: list, Success: ops(put("then", "1")), Failure: ops(put("else", "1"))})
		p.ask(then(&pb.TxnRequest{Compare: list, Success: ops(put("inner then", "1")),
			Failure: ops(put("inner else", "1"), get("then"))}))
	}
	p.sameEverything()
}
