package main

import (
	"fmt"
	"math/rand"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// randomScenarios mix all requests over few keys, with compactions, hash checks
// and restarts in between.
func randomScenarios(o options) []scenario {
	var list []scenario
	for i := range o.seeds {
		seed := o.seed + int64(i)
		list = append(list, scenario{
			name: fmt.Sprintf("random requests, seed %d", seed),
			args: []string{"--snapshot-count=500"},
			run: func(p *pair) {
				g := generator{random: rand.New(rand.NewSource(seed))}
				g.run(p, o.requests)
			},
		})
	}
	return list
}

// generator makes requests that hit existing state often.
type generator struct {
	random    *rand.Rand
	now       int64 // revision after the last answer
	compacted int64
	counter   int
	// fromKey: transactions may delete all keys from one on, but no put in them
	// ignores value or lease. Go etcd 3.7.3 doesn't see that such a delete and a
	// put overlap, and dies when the put then finds no old value: see badinput.
	fromKey bool
}

func (g *generator) run(p *pair, requests int) {
	for i := range requests {
		g.now = max(p.revision, 1)
		g.step(p)
		if i%200 == 199 {
			p.sameEverything()
		}
		if i%1000 == 999 {
			p.killAndRestart()
			p.sameEverything()
		}
	}
	p.sameEverything()
}

func (g *generator) step(p *pair) {
	switch dice := g.random.Intn(100); {
	case dice < 30:
		p.ask(g.put())
	case dice < 40:
		p.ask(g.del())
	case dice < 60:
		p.ask(g.ranged())
	case dice < 64:
		p.askMethod(rangeStream, g.streamed())
	case dice < 88:
		p.ask(g.txn(0))
	case dice < 91:
		p.ask(g.compaction())
	case dice < 95:
		p.ask(&pb.HashKVRequest{Revision: g.revision()})
	case dice < 96:
		p.ask(&pb.DefragmentRequest{})
	default:
		g.lease(p)
	}
}

func (g *generator) key() string {
	if g.random.Intn(60) == 0 {
		return ""
	}
	return fmt.Sprintf("k%02d", g.random.Intn(20))
}

// end is a range_end: mostly none or close by.
func (g *generator) end(key string) string {
	switch g.random.Intn(6) {
	case 0:
		return "\x00"
	case 1:
		return g.key()
	case 2:
		return key + "\x00"
	case 3:
		return "k1"
	}
	return ""
}

// txnPut and txnDelete keep apart what crashes Go etcd together.
func (g *generator) txnPut() *pb.PutRequest {
	request := g.put()
	if g.fromKey {
		request.IgnoreValue, request.IgnoreLease = false, false
	}
	return request
}

func (g *generator) txnDelete() *pb.DeleteRangeRequest {
	request := g.del()
	if !g.fromKey && string(request.RangeEnd) == "\x00" {
		request.RangeEnd = []byte("k2")
	}
	return request
}

func (g *generator) put() *pb.PutRequest {
	g.counter++
	request := put(g.key(), fmt.Sprintf("v%d", g.counter))
	request.PrevKv = g.random.Intn(4) == 0
	if g.random.Intn(12) == 0 {
		request.IgnoreValue = true
		if g.random.Intn(8) != 0 {
			request.Value = nil
		}
	}
	if g.random.Intn(12) == 0 {
		request.IgnoreLease = true
	}
	if g.random.Intn(10) == 0 {
		request.Lease = int64(g.random.Intn(6))
	}
	return request
}

func (g *generator) del() *pb.DeleteRangeRequest {
	key := g.key()
	request := del(key, "")
	if g.random.Intn(3) == 0 {
		request.RangeEnd = []byte(g.end(key))
	}
	request.PrevKv = g.random.Intn(3) == 0
	return request
}

// revision is 0 mostly, or any that may or may not be readable.
func (g *generator) revision() int64 {
	switch g.random.Intn(8) {
	case 0:
		return g.compacted + g.random.Int63n(5) - 2
	case 1:
		return g.now + g.random.Int63n(4) - 1
	case 2, 3:
		return g.compacted + g.random.Int63n(max(g.now-g.compacted, 1))
	}
	return 0
}

func (g *generator) ranged() *pb.RangeRequest {
	request := randomRange(g.random, g.now)
	key := g.key()
	request.Key, request.RangeEnd = []byte(key), []byte(g.end(key))
	request.Revision = g.revision()
	return request
}

func (g *generator) streamed() *pb.RangeRequest {
	request := g.ranged()
	if g.random.Intn(10) != 0 {
		request.SortOrder, request.SortTarget = 0, 0
		request.MinModRevision, request.MaxModRevision = 0, 0
		request.MinCreateRevision, request.MaxCreateRevision = 0, 0
	}
	return request
}

func (g *generator) txn(depth int) *pb.TxnRequest {
	if depth == 0 {
		g.fromKey = g.random.Intn(2) == 0
	}
	request := &pb.TxnRequest{}
	for range g.random.Intn(3) {
		request.Compare = append(request.Compare, g.compare())
	}
	request.Success, request.Failure = g.operations(depth), g.operations(depth)
	return request
}

func (g *generator) operations(depth int) []*pb.RequestOp {
	var list []*pb.RequestOp
	for range g.random.Intn(4) {
		switch dice := g.random.Intn(10); {
		case dice < 4:
			list = append(list, op(g.txnPut()))
		case dice < 6:
			list = append(list, op(g.txnDelete()))
		case dice < 9 || depth == 3:
			list = append(list, op(g.ranged()))
		default:
			list = append(list, op(g.txn(depth+1)))
		}
	}
	return list
}

func (g *generator) compare() *pb.Compare {
	key := g.key()
	compare := &pb.Compare{
		Key:    []byte(key),
		Target: pb.Compare_CompareTarget(g.random.Intn(5)),
		Result: pb.Compare_CompareResult(g.random.Intn(4)),
	}
	if g.random.Intn(4) == 0 {
		compare.RangeEnd = []byte(g.end(key))
	}
	number := int64(g.random.Intn(4))
	if compare.Target == pb.Compare_CREATE || compare.Target == pb.Compare_MOD {
		number = g.random.Int63n(g.now + 2)
	}
	operand(compare, number, fmt.Sprintf("v%d", g.random.Intn(g.counter+1)))
	return compare
}

func (g *generator) compaction() *pb.CompactionRequest {
	request := &pb.CompactionRequest{
		Revision: g.now - g.random.Int63n(200),
		Physical: g.random.Intn(2) == 0,
	}
	if request.Revision <= g.now {
		g.compacted = max(g.compacted, request.Revision)
	}
	return request
}

func (g *generator) lease(p *pair) {
	id := int64(1 + g.random.Intn(5))
	switch g.random.Intn(3) {
	case 0:
		p.ask(grant(id))
	case 1:
		p.ask(&pb.LeaseRevokeRequest{ID: id})
	default:
		p.ask(&pb.LeaseTimeToLiveRequest{ID: id, Keys: g.random.Intn(2) == 0})
	}
}
