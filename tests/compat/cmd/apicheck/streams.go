package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

func streamScenarios() []scenario {
	return []scenario{
		{name: "range stream: merged answers", run: func(p *pair) { streamAll(p, p.askMerged) }},
		{name: "range stream: chunk by chunk", run: func(p *pair) {
			streamAll(p, func(r *pb.RangeRequest) {
				// For a negative limit Go sends all in one chunk, however much it is.
				if r.Limit < 0 {
					p.askMerged(r)
				} else {
					p.askMethod(rangeStream, r)
				}
			})
		}},
		{name: "range stream: large values, chunk by chunk", args: []string{"--max-request-bytes=65536"},
			run: streamLarge},
		{name: "snapshot stream", run: snapshotStream},
	}
}

func streamAll(p *pair, ask func(*pb.RangeRequest)) {
	seedKeys(p)
	for i := range 300 {
		p.ask(put(fmt.Sprintf("many/%04d", i), strings.Repeat("v", i%50)))
	}
	now := p.revision
	list := append([][2]string{{"many/", "many0"}, {"many/0100", "many/0111"}}, intervals...)
	for _, interval := range list {
		for _, limit := range []int64{0, 1, 9, 10, 11, 25, 150, 1000, -1} {
			for _, revision := range []int64{0, 1, now / 2, now - 100, now, now + 1, -1} {
				for _, shape := range [][2]bool{{}, {true, false}, {false, true}, {true, true}} {
					request := getAt(interval[0], interval[1], revision)
					request.Limit = limit
					request.KeysOnly, request.CountOnly = shape[0], shape[1]
					ask(request)
				}
			}
		}
	}
	streamBadOptions(p, ask)
	p.ask(&pb.CompactionRequest{Revision: now - 10})
	for _, revision := range []int64{0, 1, now - 11, now - 10, now - 9} {
		ask(getAt("many/", "many0", revision))
	}
}

func streamBadOptions(p *pair, ask func(*pb.RangeRequest)) {
	for order := range int32(4) {
		for target := range int32(6) {
			request := getRange("many/", "many/0005")
			request.SortOrder = pb.RangeRequest_SortOrder(order)
			request.SortTarget = pb.RangeRequest_SortTarget(target)
			ask(request)
		}
	}
	for i := range 4 {
		for _, number := range []int64{1, -1} {
			request := getRange("many/", "many/0005")
			*[]*int64{&request.MinModRevision, &request.MaxModRevision,
				&request.MinCreateRevision, &request.MaxCreateRevision}[i] = number
			ask(request)
		}
	}
}

// askMerged compares streams as one answer each, however they were cut.
func (p *pair) askMerged(request *pb.RangeRequest) {
	p.exchange(describe(rangeStream, request), false, func(raw *client.Raw) *answer {
		return merged(rangeStream.call(raw, request))
	})
}

func merged(chunks *answer) *answer {
	if chunks.err != nil {
		return &answer{err: chunks.err}
	}
	whole := &pb.RangeResponse{}
	for _, message := range chunks.messages {
		proto.Merge(whole, message.(*pb.RangeStreamResponse).GetRangeResponse())
	}
	return &answer{messages: []proto.Message{whole}}
}

// streamLarge crosses the sizes at which chunks grow and shrink.
func streamLarge(p *pair) {
	for i := range 400 {
		size := 100
		if i%100 > 60 {
			size = 20_000
		}
		p.ask(put(fmt.Sprintf("k%04d", i), strings.Repeat("v", size)))
	}
	for _, limit := range []int64{0, 15, 90, 399} {
		for _, start := range []int{0, 30, 55, 61, 199} {
			request := getRange(fmt.Sprintf("k%04d", start), "\x00")
			request.Limit = limit
			p.askMethod(rangeStream, request)
			request.KeysOnly = true
			p.askMethod(rangeStream, request)
		}
	}
}
