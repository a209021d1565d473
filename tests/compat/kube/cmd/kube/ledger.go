package main

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// state is what tells one version of an object from another.
type state struct {
	uid, version, value string
}

func stateOf(object *unstructured.Unstructured) state {
	return state{string(object.GetUID()), object.GetResourceVersion(), object.GetLabels()[label]}
}

// ledger holds the objects that the API server acknowledged, by name, as they
// should be found. Safe for several goroutines.
type ledger struct {
	mu       sync.Mutex
	objects  map[string]state
	finished int // objects with which their worker is done
}

func newLedger() *ledger { return &ledger{objects: map[string]state{}} }

func (l *ledger) hold(object *unstructured.Unstructured) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects[object.GetName()] = stateOf(object)
}

func (l *ledger) drop(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.objects, name)
}

func (l *ledger) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finished++
}

// progress is how many objects are finished.
func (l *ledger) progress() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finished
}

// compare says how found differs from what was acknowledged.
func (l *ledger) compare(found map[string]state) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, want := range l.objects {
		got, there := found[name]
		if !there {
			return fmt.Errorf("%s is lost (%d found, %d acknowledged)", name, len(found), len(l.objects))
		}
		if got != want {
			return fmt.Errorf("%s is %v, but %v was acknowledged", name, got, want)
		}
	}
	for name, got := range found {
		if _, known := l.objects[name]; !known {
			return fmt.Errorf("%s is there as %v, but was deleted or never acknowledged", name, got)
		}
	}
	return nil
}
