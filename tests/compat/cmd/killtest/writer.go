package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// writer is one client. It alone writes the keys under its prefix, one request
// at a time, so at most one write is in doubt after a kill. A pair of its keys is
// only ever written together. Owned by its goroutine while load runs, by the
// checker in between.
type writer struct {
	prefix   string
	random   *rand.Rand
	records  map[string]*record
	keys     []string
	pair     [2]string
	sequence int64
	history  []past // acknowledged puts of this cycle
	counts   counts
	shared   *counter

	effective int64 // acknowledged writes that made a revision, since ever
	highest   int64 // highest revision any answer has carried
	compacted int64 // highest revision whose compaction was asked for
}

type past struct {
	key string
	version
}

type counts struct {
	puts, pairs, deletes, increments, reads, recalls, compactions, defrags, doubtful, adopted int64
}

func newWriter(prefix string, keys int, random *rand.Rand, shared *counter) *writer {
	w := &writer{prefix: prefix, random: random, records: map[string]*record{}, shared: shared}
	for i := range keys {
		w.keys = append(w.keys, fmt.Sprintf("%s%04d", prefix, i))
	}
	w.pair = [2]string{prefix + "pair-a", prefix + "pair-b"}
	for _, key := range append(w.pair[:], w.keys...) {
		w.records[key] = &record{acked: version{absent: true}}
	}
	return w
}

// load writes until the server goes away. An error before killing is set is a
// failure of the server.
func (w *writer) load(ctx context.Context, c *clientv3.Client, killing *atomic.Bool) error {
	w.history = w.history[:0]
	for !killing.Load() {
		if err := w.one(ctx, c); err != nil {
			if killing.Load() {
				return nil
			}
			return err
		}
	}
	return nil
}

func (w *writer) one(ctx context.Context, c *clientv3.Client) error {
	key := w.keys[w.random.Intn(len(w.keys))]
	switch dice := w.random.Intn(1000); {
	case dice < 600:
		return w.put(ctx, c, key)
	case dice < 700:
		return w.increment(ctx, c)
	case dice < 850:
		return w.putPair(ctx, c)
	case dice < 930:
		return w.remove(ctx, c, key)
	case dice < 994:
		return w.read(ctx, c, key)
	case dice < 999:
		return w.compact(ctx, c)
	default:
		return w.defragment(ctx, c)
	}
}

func (w *writer) next() version {
	w.sequence++
	return version{sequence: w.sequence}
}

func (w *writer) put(ctx context.Context, c *clientv3.Client, key string) error {
	record, planned := w.records[key], w.next()
	record.maybe = &planned
	answer, err := c.Put(ctx, key, value(planned.sequence))
	if err != nil {
		return w.doubt(err)
	}
	w.counts.puts++
	return w.acknowledge(answer.Header.Revision, planned, key)
}

func (w *writer) putPair(ctx context.Context, c *clientv3.Client) error {
	planned := w.next()
	for _, key := range w.pair {
		copied := planned
		w.records[key].maybe = &copied
	}
	text := value(planned.sequence)
	answer, err := c.Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(w.pair[0]), "=", w.records[w.pair[0]].acked.revision)).
		Then(clientv3.OpPut(w.pair[0], text), clientv3.OpPut(w.pair[1], text)).Commit()
	if err != nil {
		return w.doubt(err)
	}
	if !answer.Succeeded {
		return fmt.Errorf("%s: the comparison with revision %d failed", w.pair[0],
			w.records[w.pair[0]].acked.revision)
	}
	w.counts.pairs++
	return w.acknowledge(answer.Header.Revision, planned, w.pair[:]...)
}

func (w *writer) remove(ctx context.Context, c *clientv3.Client, key string) error {
	record := w.records[key]
	record.maybe = &version{absent: true}
	answer, err := c.Delete(ctx, key)
	if err != nil {
		return w.doubt(err)
	}
	w.counts.deletes++
	record.maybe = nil
	if existed := !record.acked.absent; existed != (answer.Deleted == 1) {
		return fmt.Errorf("delete of %s removed %d keys", key, answer.Deleted)
	} else if !existed {
		return w.observe(answer.Header.Revision)
	}
	record.acked = version{absent: true, revision: answer.Header.Revision}
	w.effective++
	return w.observe(answer.Header.Revision)
}

// read checks a linearizable read, and its key's record, while load runs.
func (w *writer) read(ctx context.Context, c *clientv3.Client, key string) error {
	answer, err := c.Get(ctx, key)
	if err != nil {
		return err
	}
	w.counts.reads++
	if len(answer.Kvs) == 0 {
		err = w.records[key].acked.matches(nil)
	} else {
		err = w.records[key].acked.matches(answer.Kvs[0])
	}
	if err != nil {
		return fmt.Errorf("read under load: %w", err)
	}
	return w.observe(answer.Header.Revision)
}

func (w *writer) compact(ctx context.Context, c *clientv3.Client) error {
	revision := w.highest - int64(w.random.Intn(500)) - 1
	if revision <= w.compacted {
		return nil
	}
	w.compacted = revision
	_, err := c.Compact(ctx, revision)
	if err != nil && !strings.Contains(err.Error(), "has been compacted") {
		return err
	}
	w.counts.compactions++
	return nil
}

func (w *writer) defragment(ctx context.Context, c *clientv3.Client) error {
	if _, err := c.Defragment(ctx, c.Endpoints()[0]); err != nil {
		return err
	}
	w.counts.defrags++
	return nil
}

func (w *writer) acknowledge(revision int64, written version, keys ...string) error {
	written.revision = revision
	for _, key := range keys {
		record := w.records[key]
		if revision <= record.acked.revision {
			return fmt.Errorf("%s was written at revision %d after %d", key, revision,
				record.acked.revision)
		}
		record.acked, record.maybe = written, nil
		w.history = append(w.history, past{key, written})
	}
	w.effective++
	return w.observe(revision)
}

func (w *writer) observe(revision int64) error {
	if revision < w.highest {
		return fmt.Errorf("revision went back from %d to %d", w.highest, revision)
	}
	w.highest = revision
	return nil
}

func (w *writer) doubt(err error) error {
	w.counts.doubtful++
	return errors.Join(errors.New("write without an answer"), err)
}
