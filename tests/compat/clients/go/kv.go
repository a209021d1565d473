package main

import (
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

var kvChecks = []check{
	{"put and get", putAndGet},
	{"get by range, order, limit and revision", getByOptions},
	{"put that keeps the value or the lease", putIgnoring},
	{"delete returns what it deleted", deleteReturns},
	{"compaction hides older revisions", compactionHides},
	{"values of 1 MB", largeValues},
	{"get as a stream", getAsStream},
	{"errors are the client's own", knownErrors},
}

var txnChecks = []check{
	{"transaction takes the branch its compares say", txnBranches},
	{"transaction compares every target", txnTargets},
	{"transactions nest", txnNests},
	{"transaction is one revision", txnOneRevision},
}

func keysOf(kvs []*mvccpb.KeyValue) (keys []string) {
	for _, kv := range kvs {
		keys = append(keys, string(kv.Key))
	}
	return keys
}

// putNumbered writes prefix + "0", "1" ... in that order, a revision each.
func (t *test) putNumbered(n int) {
	for i := range n {
		must1(t.client.Put(t.ctx, fmt.Sprintf("%s%d", t.prefix, i), fmt.Sprint("value ", n-i)))
	}
}

func putAndGet(t *test) {
	key := t.prefix + "k"
	first := must1(t.client.Put(t.ctx, key, "one"))
	second := must1(t.client.Put(t.ctx, key, "two", clientv3.WithPrevKV()))
	t.equal("previous value", string(second.PrevKv.Value), "one")
	t.equal("revision", second.Header.Revision, first.Header.Revision+1)
	got := must1(t.client.Get(t.ctx, key))
	t.equal("count", got.Count, 1)
	kv := got.Kvs[0]
	t.equal("value", string(kv.Value), "two")
	t.equal("version", kv.Version, 2)
	t.equal("create revision", kv.CreateRevision, first.Header.Revision)
	t.equal("mod revision", kv.ModRevision, second.Header.Revision)
	serializable := must1(t.client.Get(t.ctx, key, clientv3.WithSerializable()))
	t.equal("serializable value", string(serializable.Kvs[0].Value), "two")
	t.equal("missing key", len(must1(t.client.Get(t.ctx, t.prefix+"none")).Kvs), 0)
}

func getByOptions(t *test) {
	t.putNumbered(5)
	p := t.prefix
	get := func(options ...clientv3.OpOption) *clientv3.GetResponse {
		return must1(t.client.Get(t.ctx, p, append(options, clientv3.WithPrefix())...))
	}
	page := get(clientv3.WithLimit(2))
	t.equal("page", keysOf(page.Kvs), []string{p + "0", p + "1"})
	t.equal("more", page.More, true)
	t.equal("count beyond the page", page.Count, 5)
	byValue := get(clientv3.WithSort(clientv3.SortByValue, clientv3.SortAscend))
	t.equal("first by value", string(byValue.Kvs[0].Key), p+"4")
	last := must1(t.client.Get(t.ctx, p, clientv3.WithLastRev()...))
	t.equal("last written", keysOf(last.Kvs), []string{p + "4"})
	t.equal("values of keys alone", len(get(clientv3.WithKeysOnly()).Kvs[0].Value), 0)
	t.equal("keys of a count", len(get(clientv3.WithCountOnly()).Kvs), 0)
	old := get(clientv3.WithRev(page.Header.Revision - 3))
	t.equal("keys three revisions ago", len(old.Kvs), 2)
	written := old.Kvs[1].ModRevision
	t.equal("keys of a span of revisions", keysOf(get(clientv3.WithMinModRev(written), clientv3.WithMaxModRev(written+1)).Kvs),
		[]string{p + "1", p + "2"})
	upper := must1(t.client.Get(t.ctx, p+"1", clientv3.WithRange(p+"3")))
	t.equal("half open range", keysOf(upper.Kvs), []string{p + "1", p + "2"})
}

func putIgnoring(t *test) {
	key := t.prefix + "k"
	lease := must1(t.client.Grant(t.ctx, 60)).ID
	must1(t.client.Put(t.ctx, key, "one", clientv3.WithLease(lease)))
	must1(t.client.Put(t.ctx, key, "two", clientv3.WithIgnoreLease()))
	t.equal("kept lease", must1(t.client.Get(t.ctx, key)).Kvs[0].Lease, int64(lease))
	must1(t.client.Put(t.ctx, key, "", clientv3.WithIgnoreValue()))
	kv := must1(t.client.Get(t.ctx, key)).Kvs[0]
	t.equal("kept value", string(kv.Value), "two")
	t.equal("lease that was let go", kv.Lease, 0)
	must1(t.client.Revoke(t.ctx, lease))
	t.equal("keys after the lease went", len(must1(t.client.Get(t.ctx, key)).Kvs), 1)
}

func deleteReturns(t *test) {
	t.putNumbered(3)
	one := must1(t.client.Delete(t.ctx, t.prefix+"0"))
	t.equal("deleted", one.Deleted, 1)
	rest := must1(t.client.Delete(t.ctx, t.prefix, clientv3.WithPrefix(), clientv3.WithPrevKV()))
	t.equal("deleted", rest.Deleted, 2)
	t.equal("previous", keysOf(rest.PrevKvs), []string{t.prefix + "1", t.prefix + "2"})
	again := must1(t.client.Delete(t.ctx, t.prefix, clientv3.WithPrefix()))
	t.equal("deleted again", again.Deleted, 0)
	t.equal("revision of a delete of nothing", again.Header.Revision, rest.Header.Revision)
}

func compactionHides(t *test) {
	key := t.prefix + "k"
	old := must1(t.client.Put(t.ctx, key, "old")).Header.Revision
	current := must1(t.client.Put(t.ctx, key, "new")).Header.Revision
	must1(t.client.Compact(t.ctx, current, clientv3.WithCompactPhysical()))
	_, err := t.client.Get(t.ctx, key, clientv3.WithRev(old))
	t.equal("error", err, rpctypes.ErrCompacted)
	t.equal("value", string(must1(t.client.Get(t.ctx, key, clientv3.WithRev(current))).Kvs[0].Value), "new")
	_, err = t.client.Compact(t.ctx, old)
	t.equal("error of compacting again", err, rpctypes.ErrCompacted)
	_, err = t.client.Get(t.ctx, key, clientv3.WithRev(current+1000))
	t.equal("error of the future", err, rpctypes.ErrFutureRev)
}

func largeValues(t *test) {
	value := make([]byte, 1<<20)
	for i := range value {
		value[i] = byte(i * 7)
	}
	must1(t.client.Put(t.ctx, t.prefix+"k", string(value)))
	got := must1(t.client.Get(t.ctx, t.prefix+"k"))
	t.equal("equal", string(got.Kvs[0].Value) == string(value), true)
	_, err := t.client.Put(t.ctx, t.prefix+"k", string(make([]byte, 1800<<10)))
	if !errors.Is(err, rpctypes.ErrRequestTooLarge) {
		t.fail("1.8 MB: %v", err)
	}
}

func getAsStream(t *test) {
	const n = 200
	value := string(make([]byte, 100<<10)) // 20 MB in all, far beyond one message
	for i := range n {
		must1(t.client.Put(t.ctx, fmt.Sprintf("%s%03d", t.prefix, i), value))
	}
	stream := must1(t.client.GetStream(t.ctx, t.prefix, clientv3.WithPrefix()))
	chunks, keys, count := 0, 0, int64(0)
	for chunk := range stream {
		t.must(chunk.Err())
		for _, kv := range chunk.RangeResponse.Kvs {
			t.equal("key", string(kv.Key), fmt.Sprintf("%s%03d", t.prefix, keys))
			keys++
		}
		chunks++
		count = chunk.RangeResponse.Count
	}
	t.equal("keys", keys, n)
	t.equal("count", count, n)
	t.equal("came in parts", chunks > 1, true)
}

func knownErrors(t *test) {
	_, err := t.client.Put(t.ctx, "", "x")
	t.equal("empty key", err, rpctypes.ErrEmptyKey)
	_, err = t.client.Put(t.ctx, t.prefix+"k", "x", clientv3.WithLease(0x7fff0001))
	t.equal("unknown lease", err, rpctypes.ErrLeaseNotFound)
	_, err = t.client.Put(t.ctx, t.prefix+"none", "", clientv3.WithIgnoreValue())
	t.equal("no value to keep", err, rpctypes.ErrKeyNotFound)
	put := clientv3.OpPut(t.prefix+"k", "x")
	_, err = t.client.Txn(t.ctx).Then(put, put).Commit()
	t.equal("key twice", err, rpctypes.ErrDuplicateKey)
	many := make([]clientv3.Op, 129)
	for i := range many {
		many[i] = clientv3.OpGet(t.prefix)
	}
	_, err = t.client.Txn(t.ctx).Then(many...).Commit()
	t.equal("129 operations", err, rpctypes.ErrTooManyOps)
}

func txnBranches(t *test) {
	key := t.prefix + "k"
	create := func(value string) *clientv3.TxnResponse {
		return must1(t.client.Txn(t.ctx).If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
			Then(clientv3.OpPut(key, value)).Else(clientv3.OpGet(key)).Commit())
	}
	t.equal("first", create("one").Succeeded, true)
	second := create("two")
	t.equal("second", second.Succeeded, false)
	t.equal("value", string(second.Responses[0].GetResponseRange().Kvs[0].Value), "one")
}

func txnTargets(t *test) {
	key := t.prefix + "k"
	lease := must1(t.client.Grant(t.ctx, 60)).ID
	must1(t.client.Put(t.ctx, key, "m"))
	kv := must1(t.client.Put(t.ctx, key, "m", clientv3.WithLease(lease))).Header.Revision
	holds := map[string]clientv3.Cmp{
		"value <":         clientv3.Compare(clientv3.Value(key), "<", "n"),
		"value !=":        clientv3.Compare(clientv3.Value(key), "!=", "n"),
		"version >":       clientv3.Compare(clientv3.Version(key), ">", 1),
		"create revision": clientv3.Compare(clientv3.CreateRevision(key), "=", kv-1),
		"mod revision":    clientv3.Compare(clientv3.ModRevision(key), "=", kv),
		"lease":           clientv3.Compare(clientv3.LeaseValue(key), "=", lease),
		"prefix":          clientv3.Compare(clientv3.Value(t.prefix), "=", "m").WithPrefix(),
	}
	for name, compare := range holds {
		t.equal(name, must1(t.client.Txn(t.ctx).If(compare).Commit()).Succeeded, true)
	}
	must1(t.client.Put(t.ctx, t.prefix+"other", "z"))
	t.equal("prefix with another value", must1(t.client.Txn(t.ctx).If(holds["prefix"]).Commit()).Succeeded, false)
}

func txnNests(t *test) {
	a, b := t.prefix+"a", t.prefix+"b"
	inner := clientv3.OpTxn([]clientv3.Cmp{clientv3.Compare(clientv3.Version(a), "=", 1)},
		[]clientv3.Op{clientv3.OpPut(b, "seen")}, []clientv3.Op{clientv3.OpPut(b, "not seen")})
	answer := must1(t.client.Txn(t.ctx).Then(clientv3.OpPut(a, "x"), inner).Commit())
	// All compares are made before the first operation.
	t.equal("inner", answer.Responses[1].GetResponseTxn().Succeeded, false)
	t.equal("value", string(must1(t.client.Get(t.ctx, b)).Kvs[0].Value), "not seen")
	again := must1(t.client.Txn(t.ctx).Then(inner).Commit())
	t.equal("inner again", again.Responses[0].GetResponseTxn().Succeeded, true)
	t.equal("value", string(must1(t.client.Get(t.ctx, b)).Kvs[0].Value), "seen")
}

func txnOneRevision(t *test) {
	a, b := t.prefix+"a", t.prefix+"b"
	must1(t.client.Put(t.ctx, b, "old"))
	answer := must1(t.client.Txn(t.ctx).Then(clientv3.OpPut(a, "x"), clientv3.OpGet(a), clientv3.OpDelete(b),
		clientv3.OpGet(b)).Commit())
	t.equal("own write", len(answer.Responses[1].GetResponseRange().Kvs), 1)
	t.equal("deleted", answer.Responses[2].GetResponseDeleteRange().Deleted, 1)
	t.equal("own delete", len(answer.Responses[3].GetResponseRange().Kvs), 0)
	t.equal("revision", must1(t.client.Get(t.ctx, a)).Kvs[0].ModRevision, answer.Header.Revision)
}
