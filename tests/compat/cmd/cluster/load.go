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
	acked  []string
	fresh  atomic.Int64 // since the start
	next   *atomic.Int64
}

func startLoad(endpoints []string, writers int) *load {
	return startLoadAfter(endpoints, writers, &load{next: new(atomic.Int64)})
}

// startLoadAfter goes on where another one has stopped.
func startLoadAfter(endpoints []string, writers int, before *load) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{cancel: cancel, acked: before.acked, next: before.next}
	for i := range writers {
		l.done.Add(1)
		go l.write(ctx, endpoints, i)
	}
	return l
}

func (l *load) write(ctx context.Context, endpoints []string, first int) {
	defer l.done.Done()
	turned := append(append([]string{}, endpoints[first%len(endpoints):]...), endpoints[:first%len(endpoints)]...)
	writer, err := clientv3.New(clientv3.Config{Endpoints: turned, DialTimeout: 2 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		return
	}
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

// pause stops the writers and returns how many writes were acknowledged.
func (l *load) pause() int64 {
	l.stop()
	return l.fresh.Load()
}

// verify looks for all acknowledged writes.
func (l *load) verify(ctx context.Context, one *clientv3.Client) error {
	got, err := one.Get(ctx, "load/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(got.Kvs))
	for _, kv := range got.Kvs {
		there[string(kv.Key)] = true
	}
	for _, key := range l.acked {
		if !there[key] {
			return fmt.Errorf("%s was acknowledged and is missing", key)
		}
	}
	return nil
}
