package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// history is what clients asked of shared keys and were told. A write without an
// answer may happen at any later time; a read without one says nothing.
type history struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	start  time.Time
	mu     sync.Mutex
	all    []porcupine.Operation
}

type request struct {
	key   int
	write bool
	value string
}

type answer struct {
	value   string
	unknown bool
}

const never = int64(1) << 62

func record(endpoints []string, clients, keys int, seed int64) *history {
	ctx, cancel := context.WithCancel(context.Background())
	h := &history{cancel: cancel, start: time.Now()}
	for i := range clients {
		h.done.Add(1)
		go h.ask(ctx, endpoints[i%len(endpoints)], i, keys, rand.New(rand.NewSource(seed+int64(i))))
	}
	return h
}

// ask works on one member alone, so that a stale one would be found out. A client
// with a write in doubt is another one from then on.
func (h *history) ask(ctx context.Context, endpoint string, client, keys int, random *rand.Rand) {
	defer h.done.Done()
	one, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 2 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		return
	}
	defer one.Close()
	id := client
	for number := 0; ctx.Err() == nil; number++ {
		request := request{key: random.Intn(keys), write: random.Intn(2) == 0}
		if request.write {
			request.value = fmt.Sprintf("%d-%d", client, number)
		}
		called := h.now()
		answer, err := h.one(ctx, one, request)
		switch {
		case err == nil:
			h.add(id, request, answer, called, h.now())
		case request.write:
			answer.unknown = true
			h.add(id, request, answer, called, never)
			id += 1000
		}
		if err != nil {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(time.Duration(random.Intn(4)) * time.Millisecond)
	}
}

func (h *history) one(ctx context.Context, one *clientv3.Client, request request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	key := fmt.Sprintf("shared/%d", request.key)
	if request.write {
		_, err := one.Put(ctx, key, request.value)
		return answer{}, err
	}
	got, err := one.Get(ctx, key)
	if err != nil || len(got.Kvs) == 0 {
		return answer{}, err
	}
	return answer{value: string(got.Kvs[0].Value)}, nil
}

func (h *history) now() int64 { return time.Since(h.start).Nanoseconds() }

func (h *history) add(client int, request request, answer answer, called, returned int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, porcupine.Operation{ClientId: client, Input: request, Output: answer, Call: called, Return: returned})
}

func (h *history) stop() {
	h.cancel()
	h.done.Wait()
}

// check judges the whole history; what is not linearizable is drawn to a file.
func (h *history) check(drawing string) error {
	if len(h.all) < 100 {
		return fmt.Errorf("only %d operations", len(h.all))
	}
	result, info := porcupine.CheckOperationsVerbose(register, h.all, 2*time.Minute)
	fmt.Printf("  %d operations: %s\n", len(h.all), result)
	if result == porcupine.Ok {
		return nil
	}
	file, err := os.Create(drawing)
	if err == nil {
		defer file.Close()
		_ = porcupine.Visualize(register, info, file)
	}
	return errors.New("the history is not linearizable, or could not be judged in time: " + drawing)
}

// register is one key: a read gives what was written last.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[int][]porcupine.Operation{}
		for _, operation := range history {
			key := operation.Input.(request).key
			byKey[key] = append(byKey[key], operation)
		}
		var parts [][]porcupine.Operation
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		asked, told := input.(request), output.(answer)
		if asked.write {
			return true, asked.value
		}
		return told.value == state.(string), state
	},
	DescribeOperation: func(input, output any) string {
		asked, told := input.(request), output.(answer)
		if asked.write {
			return fmt.Sprintf("put %s (unknown: %t)", asked.value, told.unknown)
		}
		return "get " + told.value
	},
}
