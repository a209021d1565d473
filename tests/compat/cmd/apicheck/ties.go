package main

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/proto"

	"go.etcd.io/etcd/api/v3/mvccpb"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// evenTies makes answers equal that differ only in the order of keys which the
// sort target does not tell apart: Go's sort leaves it open, ours keeps the order
// of the keys. Where the limit cuts through such keys, it leaves open which of
// them are in the answer; those that may be cut count only by their number.
func (a *answer) evenTies(request proto.Message) {
	for _, message := range a.messages {
		switch r := request.(type) {
		case *pb.RangeRequest:
			if answer, ok := message.(*pb.RangeResponse); ok {
				evenTiesOf(r, answer)
			}
		case *pb.TxnRequest:
			if answer, ok := message.(*pb.TxnResponse); ok {
				evenTiesInTxn(r, answer)
			}
		}
	}
}

func evenTiesInTxn(r *pb.TxnRequest, answer *pb.TxnResponse) {
	branch := r.Failure
	if answer.Succeeded {
		branch = r.Success
	}
	for i, op := range branch {
		if i == len(answer.Responses) {
			return
		}
		if inner := answer.Responses[i].GetResponseRange(); inner != nil {
			evenTiesOf(op.GetRequestRange(), inner)
		}
		if inner := answer.Responses[i].GetResponseTxn(); inner != nil {
			evenTiesInTxn(op.GetRequestTxn(), inner)
		}
	}
}

func evenTiesOf(r *pb.RangeRequest, answer *pb.RangeResponse) {
	if r.GetSortTarget() == pb.RangeRequest_KEY {
		return
	}
	kvs := answer.Kvs
	for i := 0; i < len(kvs); {
		end := i + 1
		for end < len(kvs) && tied(r, kvs[i], kvs[end]) {
			end++
		}
		slices.SortFunc(kvs[i:end], func(a, b *mvccpb.KeyValue) int { return bytes.Compare(a.Key, b.Key) })
		if end == len(kvs) && answer.More {
			for j := i; j < end; j++ {
				kvs[j] = &mvccpb.KeyValue{}
			}
		}
		i = end
	}
}

func tied(r *pb.RangeRequest, a, b *mvccpb.KeyValue) bool {
	switch r.SortTarget {
	case pb.RangeRequest_VERSION:
		return a.Version == b.Version
	case pb.RangeRequest_CREATE:
		return a.CreateRevision == b.CreateRevision
	case pb.RangeRequest_MOD:
		return a.ModRevision == b.ModRevision
	case pb.RangeRequest_VALUE:
		// Without values in the answer nobody can tell.
		return r.KeysOnly || bytes.Equal(a.Value, b.Value)
	default:
		return false
	}
}
