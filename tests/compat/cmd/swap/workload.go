package main

import (
	"context"
	"fmt"
	"math/rand"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// workload writes keys, rewrites some, runs transactions, deletes, attaches
// leases and compacts at about the middle of what it wrote.
type workload struct {
	client *clientv3.Client
	random *rand.Rand
	prefix string
	keys   int
	leases []clientv3.LeaseID
}

func (w *workload) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		w.grantLeases, w.putAll, w.rewriteSome, w.transactions, w.compact, w.deleteSome, w.putSome,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *workload) key(i int) string { return fmt.Sprintf("%s/%05d", w.prefix, i) }

func (w *workload) value() string {
	value := make([]byte, 1+w.random.Intn(600))
	for i := range value {
		value[i] = byte(w.random.Intn(256))
	}
	return string(value)
}

func (w *workload) grantLeases(ctx context.Context) error {
	for range 5 {
		lease, err := w.client.Grant(ctx, 1_000_000)
		if err != nil {
			return err
		}
		w.leases = append(w.leases, lease.ID)
	}
	return nil
}

func (w *workload) putAll(ctx context.Context) error {
	for i := range w.keys {
		var options []clientv3.OpOption
		if i%10 == 0 {
			options = append(options, clientv3.WithLease(w.leases[i/10%len(w.leases)]))
		}
		if _, err := w.client.Put(ctx, w.key(i), w.value(), options...); err != nil {
			return err
		}
	}
	return nil
}

func (w *workload) rewriteSome(ctx context.Context) error {
	for range w.keys / 4 {
		if _, err := w.client.Put(ctx, w.key(w.random.Intn(w.keys)), w.value()); err != nil {
			return err
		}
	}
	return nil
}

func (w *workload) transactions(ctx context.Context) error {
	for range w.keys / 10 {
		a, b, c := w.random.Intn(w.keys), w.random.Intn(w.keys), w.random.Intn(w.keys)
		if a == b || b == c || a == c {
			continue
		}
		txn := w.client.Txn(ctx).
			If(clientv3.Compare(clientv3.Version(w.key(a)), ">", w.random.Intn(3))).
			Then(clientv3.OpPut(w.key(a), w.value()), clientv3.OpDelete(w.key(b)),
				clientv3.OpTxn(nil, []clientv3.Op{clientv3.OpPut(w.key(c), w.value())}, nil)).
			Else(clientv3.OpPut(w.key(b), w.value()), clientv3.OpGet(w.key(c)))
		if _, err := txn.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func (w *workload) compact(ctx context.Context) error {
	now, err := w.client.Get(ctx, "x")
	if err != nil {
		return err
	}
	_, err = w.client.Compact(ctx, now.Header.Revision-int64(w.keys/4))
	return err
}

func (w *workload) deleteSome(ctx context.Context) error {
	for range w.keys / 20 {
		if _, err := w.client.Delete(ctx, w.key(w.random.Intn(w.keys))); err != nil {
			return err
		}
	}
	// A range, so that one revision holds many tombstones.
	_, err := w.client.Delete(ctx, w.key(w.keys/2), clientv3.WithRange(w.key(w.keys/2+20)))
	return err
}

func (w *workload) putSome(ctx context.Context) error {
	for range w.keys / 20 {
		if _, err := w.client.Put(ctx, w.key(w.random.Intn(w.keys)), w.value()); err != nil {
			return err
		}
	}
	return nil
}
