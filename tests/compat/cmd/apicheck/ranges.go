package main

import (
	"fmt"
	"math/rand"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func rangeScenarios() []scenario {
	return []scenario{
		{name: "range: interval, limit, order", run: rangeProduct},
		{name: "range: revisions", run: rangeRevisions},
		{name: "range: bad options", run: rangeBadOptions},
		{name: "range: random options", run: rangeRandom},
	}
}

func rangeProduct(p *pair) {
	seedKeys(p)
	for _, interval := range intervals {
		for _, limit := range []int64{0, 1, 2, 10, 1000, -1} {
			for order := range pb.RangeRequest_SortOrder_name {
				for target := range pb.RangeRequest_SortTarget_name {
					p.askShapes(&pb.RangeRequest{
						Key: []byte(interval[0]), RangeEnd: []byte(interval[1]), Limit: limit,
						SortOrder:  pb.RangeRequest_SortOrder(order),
						SortTarget: pb.RangeRequest_SortTarget(target),
					})
				}
			}
		}
	}
}

// askShapes asks for whole keys, keys only, and the count only.
func (p *pair) askShapes(request *pb.RangeRequest) {
	for _, shape := range []struct{ keysOnly, countOnly bool }{
		{false, false}, {true, false}, {false, true}, {true, true},
	} {
		shaped := proto.CloneOf(request)
		shaped.KeysOnly, shaped.CountOnly = shape.keysOnly, shape.countOnly
		p.ask(shaped)
	}
}

func rangeRevisions(p *pair) {
	seedKeys(p)
	now := p.revision
	for _, interval := range [][2]string{{"k03", ""}, {"k08", ""}, {"k", "l"}, {"\x00", "\x00"}} {
		for revision := int64(-1); revision <= now+1; revision++ {
			p.askShapes(getAt(interval[0], interval[1], revision))
		}
	}
	p.ask(&pb.CompactionRequest{Revision: now / 2})
	for _, interval := range [][2]string{{"k03", ""}, {"k08", ""}, {"k", "l"}, {"\x00", "\x00"}} {
		for revision := int64(-1); revision <= now+1; revision++ {
			p.askShapes(getAt(interval[0], interval[1], revision))
		}
	}
	p.sameEverything()
}

func rangeBadOptions(p *pair) {
	seedKeys(p)
	for _, order := range []int32{-1, 3, 99, 1 << 30} {
		request := getRange("k", "l")
		request.SortOrder = pb.RangeRequest_SortOrder(order)
		p.ask(request)
		p.ask(then(request))
		request = get("")
		request.SortOrder = pb.RangeRequest_SortOrder(order)
		p.ask(request)
	}
	for _, target := range []int32{-1, 5, 99, -1 << 31} {
		request := getRange("k", "l")
		request.SortTarget = pb.RangeRequest_SortTarget(target)
		p.ask(request)
		p.ask(then(put("k", "v"), request))
	}
	const extreme = int64(^uint64(0) >> 1)
	for _, number := range []int64{-1, -extreme - 1, extreme} {
		p.ask(getAt("k", "l", number))
		for i := range 4 {
			request := getRange("k", "l")
			*[]*int64{&request.MinModRevision, &request.MaxModRevision,
				&request.MinCreateRevision, &request.MaxCreateRevision}[i] = number
			p.ask(request)
		}
		request := getRange("k", "l")
		request.Limit = number
		p.ask(request)
	}
	p.sameHash()
}

func rangeRandom(p *pair) {
	seedKeys(p)
	random := rand.New(rand.NewSource(p.seed))
	for range p.options.requests {
		p.ask(randomRange(random, p.revision))
	}
}

// randomRange is a range request with every option in play.
func randomRange(random *rand.Rand, now int64) *pb.RangeRequest {
	some := func() int64 { // mostly unset, else about a revision that exists
		if random.Intn(3) != 0 {
			return 0
		}
		return random.Int63n(now+3) - 1
	}
	interval := intervals[random.Intn(len(intervals))]
	if random.Intn(2) == 0 {
		interval = [2]string{fmt.Sprintf("k%02d", random.Intn(34)), fmt.Sprintf("k%02d", random.Intn(34))}
	}
	request := &pb.RangeRequest{
		Key: []byte(interval[0]), RangeEnd: []byte(interval[1]),
		SortOrder:      pb.RangeRequest_SortOrder(random.Intn(3)),
		SortTarget:     pb.RangeRequest_SortTarget(random.Intn(5)),
		Serializable:   random.Intn(2) == 0,
		KeysOnly:       random.Intn(4) == 0,
		CountOnly:      random.Intn(8) == 0,
		MinModRevision: some(), MaxModRevision: some(),
		MinCreateRevision: some(), MaxCreateRevision: some(),
	}
	if random.Intn(2) == 0 {
		request.Limit = int64(random.Intn(12))
	}
	if random.Intn(3) == 0 {
		request.Revision = now - random.Int63n(now)
	}
	return request
}
