package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// history is what clients asked of shared keys and were told.
type history struct {
	cancel  context.CancelFunc
	done    sync.WaitGroup
	clients []*client
	start   time.Time
	random  *rand.Rand // makes the clients' seeds

	mu       sync.Mutex
	all      []operation
	answered [members]int // operations
}

// keyPrefix is that of the shared keys. They are never deleted.
const keyPrefix = "shared/"

type kind int

const (
	get  kind = iota
	put       // tells of the key before it
	swap      // puts if the key's version is the expected one, else gets
)

type request struct {
	kind     kind
	key      string
	value    string // to be written; no two requests have the same
	expected int64  // by a swap
}

// register is the state of one key: its last value, and how many there have been.
type register struct {
	value   string
	version int64
}

func registerOf(kv *mvccpb.KeyValue) register {
	if kv == nil {
		return register{}
	}
	return register{string(kv.Value), kv.Version}
}

// answer is what came back for a request.
type answer struct {
	before   register
	wrote    bool
	revision int64 // of the write
}

type operation struct {
	client  int
	request request
	answer
	inDoubt          bool // a write without an answer: it may happen at any later time, or never
	called, returned int64
}

// never is later than everything.
const never = int64(1) << 62

// client works on one member alone, so that a stale one would be found out. With a
// write in doubt it is another client from then on.
type client struct {
	*clientv3.Client
	id, member int
	random     *rand.Rand
	keys       int
	asked      int
	seen       map[string]int64 // versions
}

func newHistory(endpoints []string, o options) (*history, error) {
	h := &history{start: time.Now(), cancel: func() {}, random: rand.New(rand.NewSource(o.seed))}
	for id := range o.clients {
		member := id % len(endpoints)
		connection, err := connect(endpoints[member])
		if err != nil {
			h.close()
			return nil, err
		}
		h.clients = append(h.clients, &client{Client: connection, id: id, member: member, keys: o.keys,
			random: rand.New(rand.NewSource(h.random.Int63())), seen: map[string]int64{}})
	}
	return h, nil
}

// connect opens a client that is back soon after its member is: by itself it would
// wait for seconds, and often over the next fault.
func connect(endpoint string) (*clientv3.Client, error) {
	again := backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 200 * time.Millisecond}
	return clientv3.New(clientv3.Config{
		Endpoints:   []string{endpoint},
		DialTimeout: 2 * time.Second,
		Logger:      zap.NewNop(),
		DialOptions: []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: time.Second})},
	})
}

// record lets the clients ask until stop.
func (h *history) record() {
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	for _, c := range h.clients {
		h.done.Go(func() {
			for ctx.Err() == nil {
				if err := h.ask(ctx, c, c.next()); err != nil {
					time.Sleep(20 * time.Millisecond)
				}
				time.Sleep(time.Duration(c.random.Intn(4)) * time.Millisecond)
			}
		})
	}
}

func (h *history) stop() {
	h.cancel()
	h.done.Wait()
}

// readAll has each client read each key once more.
func (h *history) readAll() error {
	for _, c := range h.clients {
		for key := range c.keys {
			if err := h.ask(context.Background(), c, request{key: keyName(key)}); err != nil {
				return fmt.Errorf("m%d: reading in the end: %w", c.member, err)
			}
		}
	}
	return nil
}

func (h *history) close() {
	h.stop()
	for _, c := range h.clients {
		_ = c.Close()
	}
}

// answersOf is how many operations each member has answered so far.
func (h *history) answersOf() [members]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.answered
}

// ask asks for one operation and remembers it. A read that fails says nothing.
func (h *history) ask(ctx context.Context, c *client, r request) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	done := operation{client: c.id, request: r, called: h.now()}
	var err error
	done.answer, err = c.do(ctx, r)
	done.returned = h.now()
	if err != nil {
		if r.kind == get {
			return err
		}
		done.inDoubt, done.returned = true, never
		c.id += len(h.clients)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, done)
	if err == nil {
		h.answered[c.member]++
	}
	return err
}

func (h *history) now() int64 { return time.Since(h.start).Nanoseconds() }

func keyName(number int) string { return fmt.Sprint(keyPrefix, number) }

// next is the client's next request: half of them only read.
func (c *client) next() request {
	c.asked++
	r := request{key: keyName(c.random.Intn(c.keys))}
	if r.kind = max(get, kind(c.random.Intn(4)-1)); r.kind != get {
		r.value = fmt.Sprintf("%d-%d", c.id, c.asked)
	}
	if r.kind == swap {
		r.expected = c.seen[r.key]
	}
	return r
}

func (c *client) do(ctx context.Context, r request) (answer, error) {
	var a answer
	var err error
	switch r.kind {
	case get:
		a, err = c.get(ctx, r)
	case put:
		a, err = c.put(ctx, r)
	case swap:
		a, err = c.swap(ctx, r)
	}
	if err == nil {
		c.seen[r.key] = a.before.version
		if a.wrote {
			c.seen[r.key]++
		}
	}
	return a, err
}

func (c *client) get(ctx context.Context, r request) (answer, error) {
	got, err := c.Get(ctx, r.key)
	if err != nil {
		return answer{}, err
	}
	return answer{before: only(got.Kvs)}, nil
}

func (c *client) put(ctx context.Context, r request) (answer, error) {
	done, err := c.Put(ctx, r.key, r.value, clientv3.WithPrevKV())
	if err != nil {
		return answer{}, err
	}
	return answer{before: registerOf(done.PrevKv), wrote: true, revision: done.Header.Revision}, nil
}

func (c *client) swap(ctx context.Context, r request) (answer, error) {
	done, err := c.Txn(ctx).If(clientv3.Compare(clientv3.Version(r.key), "=", r.expected)).
		Then(clientv3.OpPut(r.key, r.value, clientv3.WithPrevKV())).Else(clientv3.OpGet(r.key)).Commit()
	switch {
	case err != nil:
		return answer{}, err
	case len(done.Responses) != 1:
		return answer{}, errors.New("a transaction of one operation without one answer")
	case done.Succeeded:
		return answer{before: registerOf(done.Responses[0].GetResponsePut().GetPrevKv()), wrote: true, revision: done.Header.Revision}, nil
	default:
		return answer{before: only(done.Responses[0].GetResponseRange().GetKvs())}, nil
	}
}

// only is the state of a key that was asked for alone.
func only(kvs []*mvccpb.KeyValue) register {
	if len(kvs) == 0 {
		return register{}
	}
	return registerOf(kvs[0])
}
