package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	watchtools "k8s.io/client-go/tools/watch"

	"etcdpp/tests/compat/kube/internal/wait"
)

// follower watches a kind from before its first object on and keeps the state
// that the events make. Its watch is client-go's, which opens a new one where
// an old one ended.
type follower struct {
	kind    *kind
	watcher *watchtools.RetryWatcher

	mu      sync.Mutex
	objects map[string]state
	created map[string]bool
	events  int
	last    uint64 // resource version
	problem error
}

type watchOnly struct{ client dynamic.ResourceInterface }

func (w watchOnly) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return w.client.Watch(ctx, options)
}

func follow(ctx context.Context, k *kind) (*follower, error) {
	list, err := k.client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	watcher, err := watchtools.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), watchOnly{k.client})
	if err != nil {
		return nil, err
	}
	f := &follower{kind: k, watcher: watcher, objects: map[string]state{}, created: map[string]bool{}}
	go f.read()
	return f, nil
}

func (f *follower) read() {
	for event := range f.watcher.ResultChan() {
		f.mu.Lock()
		if f.problem == nil {
			f.problem = f.take(event)
		}
		f.mu.Unlock()
	}
}

// take applies an event, or says why it should not have come.
func (f *follower) take(event watch.Event) error {
	object, ok := event.Object.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("event %s: %v", event.Type, event.Object)
	}
	version, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	if err != nil {
		return err
	}
	if version <= f.last {
		return fmt.Errorf("%s at %d after %d", event.Type, version, f.last)
	}
	f.last = version
	name := object.GetName()
	switch event.Type {
	case watch.Added:
		if f.created[name] {
			return fmt.Errorf("%s was added twice", name)
		}
		f.created[name] = true
		f.objects[name] = stateOf(object)
	case watch.Modified:
		if _, there := f.objects[name]; !there {
			return fmt.Errorf("%s was modified without being there", name)
		}
		f.objects[name] = stateOf(object)
	case watch.Deleted:
		if _, there := f.objects[name]; !there {
			return fmt.Errorf("%s was deleted without being there", name)
		}
		delete(f.objects, name)
	default:
		return fmt.Errorf("event %s: %v", event.Type, event.Object)
	}
	f.events++
	return nil
}

// compare says how what the events made differs from what was acknowledged: each
// object was added once, also one that is deleted since.
func (f *follower) compare() error {
	if written := f.kind.ledger.progress(); len(f.created) != written {
		return fmt.Errorf("%d objects were added, of %d written", len(f.created), written)
	}
	return f.kind.ledger.compare(f.objects)
}

// catchUp waits until the events have made the acknowledged state, and ends the
// watch.
func (f *follower) catchUp(limit time.Duration) (events int, err error) {
	defer f.watcher.Stop()
	err = wait.Until(limit, 50*time.Millisecond, func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if events = f.events; f.problem != nil {
			return f.problem
		}
		return f.compare()
	})
	return events, err
}
