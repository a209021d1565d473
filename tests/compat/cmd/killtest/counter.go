package main

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const counterKey = "shared-counter"

// counter is a key that all writers increase by compare-and-swap. It shows lost
// updates and stale reads, which keys of one writer can't.
type counter struct {
	acked   atomic.Int64 // increments that were acknowledged
	doubted atomic.Int64 // increments without an answer since the last settle
	highest atomic.Int64 // highest value that any finished request has seen
}

func (n *counter) saw(value int64) {
	for {
		old := n.highest.Load()
		if value <= old || n.highest.CompareAndSwap(old, value) {
			return
		}
	}
}

// increment reads the counter and increases it by one if nobody else did. The
// read must not be older than what any request that had finished before it saw.
func (w *writer) increment(ctx context.Context, c *clientv3.Client) error {
	seenBefore := w.shared.highest.Load()
	value, revision, err := readCounter(ctx, c)
	if err != nil {
		return err
	}
	if value < seenBefore {
		return fmt.Errorf("stale read: the counter is %d after it was %d", value, seenBefore)
	}
	w.shared.saw(value)
	answer, err := c.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(counterKey), "=", revision)).
		Then(clientv3.OpPut(counterKey, strconv.FormatInt(value+1, 10))).Commit()
	if err != nil {
		w.shared.doubted.Add(1)
		return w.doubt(err)
	}
	if answer.Succeeded {
		w.shared.acked.Add(1)
		w.shared.saw(value + 1)
		w.counts.increments++
		w.effective++
	}
	return w.observe(answer.Header.Revision)
}

func readCounter(ctx context.Context, c *clientv3.Client) (value, revision int64, err error) {
	answer, err := c.Get(ctx, counterKey)
	if err != nil || len(answer.Kvs) == 0 {
		return 0, 0, err
	}
	value, err = strconv.ParseInt(string(answer.Kvs[0].Value), 10, 64)
	return value, answer.Kvs[0].ModRevision, err
}

// settle compares the counter found after a restart with the increments that
// were acknowledged, and returns how many of those in doubt had happened.
func (n *counter) settle(ctx context.Context, c *clientv3.Client) (adopted int64, err error) {
	value, _, err := readCounter(ctx, c)
	if err != nil {
		return 0, err
	}
	acked, doubted := n.acked.Load(), n.doubted.Load()
	if value < acked || value > acked+doubted {
		return 0, fmt.Errorf("the counter is %d after %d increments and %d without an answer",
			value, acked, doubted)
	}
	n.saw(value)
	n.acked.Store(value)
	n.doubted.Store(0)
	return value - acked, nil
}
