package main

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// settle compares all that the writer wrote with what a restarted server has.
func (w *writer) settle(ctx context.Context, c *clientv3.Client) error {
	answer, err := c.Get(ctx, w.prefix, clientv3.WithPrefix())
	if err != nil {
		return err
	}
	found := map[string]*mvccpb.KeyValue{}
	for _, kv := range answer.Kvs {
		if w.records[string(kv.Key)] == nil {
			return fmt.Errorf("key %q was never written", kv.Key)
		}
		found[string(kv.Key)] = kv
	}
	pairAdopted := [2]bool{}
	for key, record := range w.records {
		adopted, err := record.settle(found[key])
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		switch {
		case key == w.pair[0]:
			pairAdopted[0] = adopted
		case key == w.pair[1]:
			pairAdopted[1] = adopted
		case adopted:
			w.adopt()
		}
	}
	if pairAdopted[0] != pairAdopted[1] {
		return fmt.Errorf("half a transaction on %s", w.pair[0])
	}
	if pairAdopted[0] {
		w.adopt()
	}
	return w.observe(answer.Header.Revision)
}

func (w *writer) adopt() {
	w.counts.adopted++
	w.effective++
}

// recall reads some of the last cycle's writes at their own revisions.
func (w *writer) recall(ctx context.Context, c *clientv3.Client, compacted int64) error {
	for range min(10, len(w.history)) {
		past := w.history[w.random.Intn(len(w.history))]
		if past.revision < compacted {
			continue
		}
		answer, err := c.Get(ctx, past.key, clientv3.WithRev(past.revision))
		if err != nil {
			return fmt.Errorf("%s at revision %d: %w", past.key, past.revision, err)
		}
		var found *mvccpb.KeyValue
		if len(answer.Kvs) > 0 {
			found = answer.Kvs[0]
		}
		if err := past.matches(found); err != nil {
			return fmt.Errorf("%s at revision %d: %w", past.key, past.revision, err)
		}
		w.counts.recalls++
	}
	return nil
}
