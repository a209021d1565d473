package main

import (
	"fmt"
	"sync/atomic"

	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"
)

var recipeChecks = []check{
	{"queue gives every item once", queueOnce},
	{"barrier holds until it is released", barrierHolds},
	{"double barrier lets in and out together", doubleBarrier},
	{"read-write mutex", rwMutex},
}

func queueOnce(t *test) {
	const n = 40
	queue := recipe.NewQueue(t.client, t.prefix+"q")
	var seen [n]atomic.Int64
	t.must(together(8, func(worker int) error {
		for i := range n / 4 {
			if worker%2 == 0 {
				if err := queue.Enqueue(fmt.Sprint(worker/2*n/4 + i)); err != nil {
					return err
				}
				continue
			}
			text, err := queue.Dequeue()
			if err != nil {
				return err
			}
			var item int
			if _, err := fmt.Sscan(text, &item); err != nil {
				return err
			}
			seen[item].Add(1)
		}
		return nil
	}))
	for i := range seen {
		t.equal(fmt.Sprint("times of item ", i), seen[i].Load(), 1)
	}
}

func barrierHolds(t *test) {
	barrier := recipe.NewBarrier(t.client, t.prefix+"b")
	t.must(barrier.Hold())
	var released atomic.Bool
	t.must(together(5, func(worker int) error {
		if worker == 0 {
			released.Store(true)
			return barrier.Release()
		}
		err := recipe.NewBarrier(t.client, t.prefix+"b").Wait()
		if err == nil && !released.Load() {
			return fmt.Errorf("the barrier let somebody through")
		}
		return err
	}))
}

func doubleBarrier(t *test) {
	const n = 4
	var entered, left atomic.Int64
	t.must(together(n, func(int) error {
		session := t.session()
		defer session.Close()
		barrier := recipe.NewDoubleBarrier(session, t.prefix+"b", n)
		entered.Add(1)
		if err := barrier.Enter(); err != nil {
			return err
		}
		if here := entered.Load(); here != n {
			return fmt.Errorf("let in with %d of %d", here, n)
		}
		left.Add(1)
		if err := barrier.Leave(); err != nil {
			return err
		}
		if gone := left.Load(); gone != n {
			return fmt.Errorf("let out with %d of %d", gone, n)
		}
		return nil
	}))
}

func rwMutex(t *test) {
	var readers, writers atomic.Int64
	t.must(together(6, func(worker int) error {
		session := t.session()
		defer session.Close()
		mutex := recipe.NewRWMutex(session, t.prefix+"m")
		for range 5 {
			if worker < 4 {
				if err := mutex.RLock(); err != nil {
					return err
				}
				readers.Add(1)
				if n := writers.Load(); n != 0 {
					return fmt.Errorf("%d writers beside a reader", n)
				}
				readers.Add(-1)
				if err := mutex.RUnlock(); err != nil {
					return err
				}
				continue
			}
			if err := mutex.Lock(); err != nil {
				return err
			}
			if n := writers.Add(1); n != 1 || readers.Load() != 0 {
				return fmt.Errorf("%d writers and %d readers", n, readers.Load())
			}
			writers.Add(-1)
			if err := mutex.Unlock(); err != nil {
				return err
			}
		}
		return nil
	}))
}
