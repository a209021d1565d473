package main

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.etcd.io/etcd/client/v3/leasing"
	"go.etcd.io/etcd/client/v3/mirror"
	"go.etcd.io/etcd/client/v3/namespace"
	"go.etcd.io/etcd/client/v3/ordering"
)

var wrapperChecks = []check{
	{"namespace hides its prefix", namespaceHides},
	{"mirror copies and follows", mirrorFollows},
	{"ordering sees no step back", orderingKeeps},
	{"leasing caches until somebody else writes", leasingGivesWay},
	{"kubernetes' own interface", kubernetesInterface},
}

func namespaceHides(t *test) {
	kv := namespace.NewKV(t.client.KV, t.prefix)
	watcher := namespace.NewWatcher(t.client.Watcher, t.prefix)
	leases := namespace.NewLease(t.client.Lease, t.prefix)

	watch := watcher.Watch(t.ctx, "", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	<-watch
	lease := must1(leases.Grant(t.ctx, 60)).ID
	must1(kv.Put(t.ctx, "k", "x", clientv3.WithLease(lease)))
	t.equal("whole key", must1(t.client.Get(t.ctx, t.prefix+"k")).Count, 1)
	t.equal("keys inside", keysOf(must1(kv.Get(t.ctx, "", clientv3.WithPrefix())).Kvs), []string{"k"})
	t.equal("event", t.collect(watch, 1), []string{"PUT k=x"})
	told := must1(leases.TimeToLive(t.ctx, lease, clientv3.WithAttachedKeys()))
	t.equal("lease's keys", fmt.Sprintf("%s", told.Keys), "[k]")
	swapped := must1(kv.Txn(t.ctx).If(clientv3.Compare(clientv3.Value("k"), "=", "x")).
		Then(clientv3.OpPut("k", "y"), clientv3.OpGet("k")).Commit())
	t.equal("key in a transaction", string(swapped.Responses[1].GetResponseRange().Kvs[0].Key), "k")
}

func mirrorFollows(t *test) {
	const n = 2500 // more than the syncer's page of 1,000
	for i := range n {
		must1(t.client.Put(t.ctx, fmt.Sprintf("%s%04d", t.prefix, i), "x"))
	}
	syncer := mirror.NewSyncer(t.client, t.prefix, 0)
	pages, errs := syncer.SyncBase(t.ctx)
	copied := map[string]bool{}
	for page := range pages {
		for _, key := range keysOf(page.Kvs) {
			copied[key] = true
		}
	}
	t.must(<-errs)
	t.equal("copied", len(copied), n)
	must1(t.client.Delete(t.ctx, t.prefix+"0007"))
	must1(t.client.Put(t.ctx, t.prefix+"0008", "y"))
	t.equal("updates", t.collect(syncer.SyncUpdates(t.ctx), 2), []string{"DELETE 0007=", "PUT 0008=y"})
}

func orderingKeeps(t *test) {
	violated := false
	kv := ordering.NewKV(t.client.KV, func(clientv3.Op, clientv3.OpResponse, int64) error {
		violated = true
		return nil
	})
	for i := range 50 {
		must1(t.client.Put(t.ctx, t.prefix+"k", fmt.Sprint(i)))
		got := must1(kv.Get(t.ctx, t.prefix+"k", clientv3.WithSerializable()))
		t.equal("value", string(got.Kvs[0].Value), i)
	}
	t.equal("violated", violated, false)
}

func leasingGivesWay(t *test) {
	first, closeFirst, err := leasing.NewKV(t.client, t.prefix+"leases", concurrency.WithTTL(5))
	t.must(err)
	defer closeFirst()
	second, closeSecond, err := leasing.NewKV(t.client, t.prefix+"leases", concurrency.WithTTL(5))
	t.must(err)
	defer closeSecond()

	key := t.prefix + "k"
	must1(first.Put(t.ctx, key, "one"))
	for range 3 { // the second and the third come from the cache
		t.equal("value", string(must1(first.Get(t.ctx, key)).Kvs[0].Value), "one")
	}
	must1(second.Put(t.ctx, key, "two"))
	t.equal("value that another wrote", string(must1(first.Get(t.ctx, key)).Kvs[0].Value), "two")
	swapped := must1(first.Txn(t.ctx).If(clientv3.Compare(clientv3.Value(key), "=", "two")).
		Then(clientv3.OpPut(key, "three")).Commit())
	t.equal("swapped", swapped.Succeeded, true)
	t.equal("value", string(must1(second.Get(t.ctx, key)).Kvs[0].Value), "three")
}

func kubernetesInterface(t *test) {
	client := must1(kubernetes.New(clientv3.Config{Endpoints: []string{endpoint}}))
	defer client.Close()
	store := client.Kubernetes
	put := func(key string, expected int64) kubernetes.PutResponse {
		return must1(store.OptimisticPut(t.ctx, t.prefix+key, []byte(key), expected, kubernetes.PutOptions{GetOnFailure: true}))
	}
	created := put("a", 0)
	t.equal("created", created.Succeeded, true)
	t.equal("created again", put("a", 0).Succeeded, false)
	put("b", 0)
	put("c", 0)
	page := must1(store.List(t.ctx, t.prefix, kubernetes.ListOptions{Limit: 2}))
	t.equal("page", keysOf(page.Kvs), []string{t.prefix + "a", t.prefix + "b"})
	rest := must1(store.List(t.ctx, t.prefix, kubernetes.ListOptions{Revision: page.Revision, Continue: t.prefix + "b\x00"}))
	t.equal("rest", keysOf(rest.Kvs), []string{t.prefix + "c"})
	t.equal("count", must1(store.Count(t.ctx, t.prefix, kubernetes.CountOptions{})), 3)
	gone := must1(store.OptimisticDelete(t.ctx, t.prefix+"a", created.Revision, kubernetes.DeleteOptions{}))
	t.equal("deleted", gone.Succeeded, true)
	left := must1(store.Get(context.Background(), t.prefix+"a", kubernetes.GetOptions{}))
	t.equal("left", left.KV == nil, true)
}
