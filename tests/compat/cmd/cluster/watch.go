package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"etcdpp/tests/compat/internal/cluster"
	"etcdpp/tests/compat/internal/wait"
)

// watcher follows the load from its first write on, over whatever happens to the
// members: each key must come once, in order of revisions.
type watcher struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	seen   map[string]bool
	last   int64 // revision
	wrong  error
}

func newWatcher() *watcher { return &watcher{cancel: func() {}, seen: map[string]bool{}} }

// start goes on after the last event that was seen.
func (w *watcher) start(endpoints []string) error {
	one, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	events := one.Watch(ctx, "load/", clientv3.WithPrefix(), clientv3.WithRev(w.last+1))
	w.done.Go(func() {
		defer one.Close()
		for response := range events {
			w.take(response)
		}
	})
	return nil
}

func (w *watcher) take(response clientv3.WatchResponse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := response.Err(); err != nil && w.wrong == nil && !errors.Is(err, context.Canceled) {
		w.wrong = err
	}
	for _, event := range response.Events {
		key := string(event.Kv.Key)
		if (w.seen[key] || event.Kv.ModRevision <= w.last) && w.wrong == nil {
			w.wrong = fmt.Errorf("the watch has told of %s at revision %d after %d", key, event.Kv.ModRevision, w.last)
		}
		w.seen[key] = true
		w.last = event.Kv.ModRevision
	}
}

// verify waits until all acknowledged writes were told.
func (w *watcher) verify(acked []string) error {
	err := wait.Until(cluster.ReadyWithin, 50*time.Millisecond, func() error { return w.missing(acked) })
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.wrong, err)
}

func (w *watcher) missing(acked []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range acked {
		if w.wrong == nil && !w.seen[key] {
			return fmt.Errorf("%s was acknowledged and not told to the watch", key)
		}
	}
	return nil
}

func (w *watcher) stop() {
	w.cancel()
	w.done.Wait()
}
