package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// load writes keys of its own, each once, and remembers which were acknowledged.
type load struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	acked  []string     // since ever
	fresh  atomic.Int64 // acknowledged since the last start
	next   atomic.Int64 // number of the last key
}

func newLoad() *load { return &load{cancel: func() {}} }

// start sets writers to work, each with a client that begins at another endpoint.
func (l *load) start(endpoints []string, writers int) error {
	l.fresh.Store(0)
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	for i := range writers {
		first := i % len(endpoints)
		turned := append(append([]string{}, endpoints[first:]...), endpoints[:first]...)
		writer, err := clientv3.New(clientv3.Config{Endpoints: turned, DialTimeout: 2 * time.Second, Logger: zap.NewNop()})
		if err != nil {
			return err
		}
		l.done.Go(func() { l.write(ctx, writer) })
	}
	return nil
}

func (l *load) write(ctx context.Context, writer *clientv3.Client) {
	defer writer.Close()
	for ctx.Err() == nil {
		key := fmt.Sprintf("load/%09d", l.next.Add(1))
		one, cancel := context.WithTimeout(ctx, 3*time.Second)
		_, err := writer.Put(one, key, key)
		cancel()
		if err != nil {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		l.fresh.Add(1)
		l.mu.Lock()
		l.acked = append(l.acked, key)
		l.mu.Unlock()
	}
}

func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}

// verify looks for all acknowledged writes. The load must have been stopped.
func (l *load) verify(ctx context.Context, one *clientv3.Client) error {
	got, err := one.Get(ctx, "load/", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	values := make(map[string]string, len(got.Kvs))
	for _, kv := range got.Kvs {
		values[string(kv.Key)] = string(kv.Value)
		if kv.Version != 1 {
			return fmt.Errorf("%s was written once and has version %d", kv.Key, kv.Version)
		}
	}
	for _, key := range l.acked {
		if values[key] != key {
			return fmt.Errorf("%s was acknowledged, and its value is %q", key, values[key])
		}
	}
	return nil
}
