package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/pkg/v3/traceutil"
	"go.etcd.io/etcd/server/v3/etcdserver/txn"
	"go.etcd.io/etcd/server/v3/lease"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// lessor only remembers which key has which lease; every lease exists.
type lessor struct {
	lease.FakeLessor
	leases map[string]lease.LeaseID
}

func (l *lessor) Lookup(id lease.LeaseID) *lease.Lease        { return &lease.Lease{ID: id} }
func (l *lessor) GetLease(item lease.LeaseItem) lease.LeaseID { return l.leases[item.Key] }
func (l *lessor) Attach(id lease.LeaseID, items []lease.LeaseItem) error {
	for _, item := range items {
		l.leases[item.Key] = id
	}
	return nil
}
func (l *lessor) Detach(_ lease.LeaseID, items []lease.LeaseItem) error {
	for _, item := range items {
		delete(l.leases, item.Key)
	}
	return nil
}

type runner struct {
	path    string
	lessor  *lessor
	backend backend.Backend
	store   mvcc.WatchableKV
}

func newRunner(folder string) *runner {
	r := &runner{path: filepath.Join(folder, "db")}
	r.open()
	return r
}

func (r *runner) open() {
	config := backend.DefaultBackendConfig(zap.NewNop())
	config.Path = r.path
	r.backend = backend.New(config)
	r.lessor = &lessor{leases: map[string]lease.LeaseID{}}
	r.store = mvcc.New(zap.NewNop(), r.backend, r.lessor, mvcc.StoreConfig{})
}

func (r *runner) close() {
	r.store.Close()
	r.backend.Close()
}

func (r *runner) run(lines []string) string {
	w := parse(lines[0])
	switch w.at(0) {
	case "put", "delete":
		return r.txn(lines)
	case "txn":
		return r.txn(lines[1:])
	case "range":
		response, _, err := txn.Range(context.Background(), zap.NewNop(), r.store, rangeRequest(w), true)
		return describeRange(response, err)
	case "compact":
		return r.compact(w)
	case "flush":
		r.store.Commit()
		return "flushed\n"
	case "restart":
		return r.restart()
	case "hash":
		return r.hash(w.number("rev"))
	case "hash-buckets":
		hash, _, err := r.store.HashStorage().Hash()
		if err != nil {
			return describeError(err)
		}
		return fmt.Sprintf("hash=%d\n", hash)
	}
	return "unknown command\n"
}

func (r *runner) txn(lines []string) string {
	request := &pb.TxnRequest{}
	for _, line := range lines {
		request.Success = append(request.Success, requestOp(parse(line)))
	}
	response, _, err := txn.Txn(context.Background(), zap.NewNop(), request, false, r.store, r.lessor, false)
	if err != nil {
		return describeError(err)
	}
	out := ""
	for _, one := range response.Responses {
		if deleted := one.GetResponseDeleteRange(); deleted != nil {
			out += fmt.Sprintf("deleted %d\n", deleted.Deleted)
		}
		if ranged := one.GetResponseRange(); ranged != nil {
			out += describeRange(ranged, nil)
		}
	}
	return out + fmt.Sprintf("revision %d\n", response.Header.Revision)
}

func requestOp(w words) *pb.RequestOp {
	switch w.at(0) {
	case "put":
		put := &pb.PutRequest{Key: w.bytes(1), Value: w.bytes(2), Lease: w.number("lease")}
		return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: put}}
	case "delete":
		del := &pb.DeleteRangeRequest{Key: w.bytes(1), RangeEnd: w.bytes(2)}
		return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: del}}
	}
	return &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: rangeRequest(w)}}
}

func rangeRequest(w words) *pb.RangeRequest {
	request := &pb.RangeRequest{
		Key: w.bytes(1), RangeEnd: w.bytes(2), Limit: w.number("limit"), Revision: w.number("rev"),
		KeysOnly: w.has("keys-only"), CountOnly: w.has("count-only"),
		MinModRevision: w.number("min-mod"), MaxModRevision: w.number("max-mod"),
		MinCreateRevision: w.number("min-create"), MaxCreateRevision: w.number("max-create"),
	}
	if target, order, found := strings.Cut(w.options["sort"], ":"); found {
		request.SortTarget = pb.RangeRequest_SortTarget(pb.RangeRequest_SortTarget_value[strings.ToUpper(target)])
		request.SortOrder = pb.RangeRequest_SortOrder(pb.RangeRequest_SortOrder_value[strings.ToUpper(order)])
	}
	return request
}

func (r *runner) compact(w words) string {
	revision, _ := strconv.ParseInt(w.at(1), 10, 64)
	done, err := r.store.Compact(traceutil.TODO(), revision)
	if err != nil {
		return describeError(err)
	}
	<-done
	r.store.Commit()
	return "ok\n"
}

func (r *runner) restart() string {
	r.close()
	r.open()
	out := fmt.Sprintf("revision %d\n", r.store.Rev())
	lines := []string{}
	for key, id := range r.lessor.leases {
		lines = append(lines, fmt.Sprintf("%s\x00lease %d %s\n", escape([]byte(key)), id, escape([]byte(key))))
	}
	slices.Sort(lines)
	for _, line := range lines {
		_, text, _ := strings.Cut(line, "\x00")
		out += text
	}
	return out
}

func (r *runner) hash(revision int64) string {
	hash, current, err := r.store.HashStorage().HashByRev(revision)
	if err != nil {
		return describeError(err)
	}
	return fmt.Sprintf("hash=%d revision=%d compact-revision=%d current-revision=%d\n", hash.Hash, hash.Revision, hash.CompactRevision, current)
}

func describeRange(response *pb.RangeResponse, err error) string {
	if err != nil {
		return describeError(err)
	}
	out := fmt.Sprintf("count=%d", response.Count)
	if response.More {
		out += " more"
	}
	out += "\n"
	for _, kv := range response.Kvs {
		out += describeKV(kv)
	}
	return out
}

func describeKV(kv *mvccpb.KeyValue) string {
	return fmt.Sprintf("%s create=%d mod=%d version=%d value=%s lease=%d\n",
		escape(kv.Key), kv.CreateRevision, kv.ModRevision, kv.Version, escape(kv.Value), kv.Lease)
}

func describeError(err error) string {
	switch {
	case errors.Is(err, mvcc.ErrCompacted):
		return "error: compacted\n"
	case errors.Is(err, mvcc.ErrFutureRev):
		return "error: future revision\n"
	}
	return "error: " + err.Error() + "\n"
}
