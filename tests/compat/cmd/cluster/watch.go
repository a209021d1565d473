package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// watcher follows the load from its first write on, over whatever happens to the
// members: each key must come once, in order of revisions.
type watcher struct {
	cancel context.CancelFunc
	done   chan struct{}
	mu     sync.Mutex
	seen   map[string]bool
	last   int64 // revision
	wrong  error
}

func startWatcher(endpoints []string) (*watcher, error) {
	return startWatcherAfter(endpoints, &watcher{seen: map[string]bool{}})
}

// startWatcherAfter goes on where another one has ended, with another client.
func startWatcherAfter(endpoints []string, before *watcher) (*watcher, error) {
	one, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{cancel: cancel, done: make(chan struct{}), seen: before.seen, last: before.last, wrong: before.wrong}
	go func() {
		defer close(w.done)
		defer one.Close()
		for response := range one.Watch(ctx, "load/", clientv3.WithPrefix(), clientv3.WithRev(w.last+1)) {
			w.take(response)
		}
	}()
	return w, nil
}

func (w *watcher) take(response clientv3.WatchResponse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := response.Err(); err != nil && w.wrong == nil && err != context.Canceled {
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
	var missing string
	for deadline := time.Now().Add(agreeWithin); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		w.mu.Lock()
		wrong := w.wrong
		missing = ""
		for _, key := range acked {
			if !w.seen[key] {
				missing = key
				break
			}
		}
		w.mu.Unlock()
		if wrong != nil || missing == "" {
			return wrong
		}
	}
	return fmt.Errorf("%s was acknowledged and not told to the watch", missing)
}

func (w *watcher) stop() {
	w.cancel()
	<-w.done
}
