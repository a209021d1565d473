package main

import (
	"bufio"
	"fmt"
	"reflect"
	"strings"
	"time"
)

func streamScenarios() []scenario {
	return []scenario{
		{name: "watch", run: watches},
		{name: "snapshot", run: snapshots},
		{name: "observe", run: observes},
	}
}

// lines reads count lines of a streamed answer and then leaves.
func (s *side) lines(r request, count int, meanwhile func()) (answer, error) {
	response, err := s.send(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(nil, 1<<20)
	var text strings.Builder
	for i := 0; i < count && scanner.Scan(); i++ {
		text.WriteString(scanner.Text() + "\n")
		if i == 0 && meanwhile != nil {
			meanwhile()
		}
	}
	return answerOf(response, text.String()), scanner.Err()
}

// follow compares the first lines of a stream.
func (p *pair) follow(r request, count int, meanwhile func(*side)) {
	p.requests++
	var answers []answer
	for _, s := range p.sides() {
		got, err := s.lines(r, count, func() {
			if meanwhile != nil {
				meanwhile(s)
			}
		})
		if err != nil {
			p.differ("%v: %s: %v", r, s.server.Binary, err)
			return
		}
		answers = append(answers, got)
	}
	p.compare(r, answers[0], answers[1])
}

func watches(p *pair) {
	p.ask(posts("/v3/kv/put", `{"key":"Zm9v","value":"MQ=="}`, `{"key":"Zm9v","value":"Mg=="}`)...)
	p.follow(request{path: "/v3/watch", body: `{"create_request":{"key":"Zm9v","start_revision":"1"}}`}, 2, nil)
	p.follow(request{path: "/v3/watch", body: `{"createRequest":{"key":"Zm9v","startRevision":3,"prevKv":true,"watch_id":"7"}}`}, 2, nil)
	p.follow(request{path: "/v3/watch", body: `{"create_request":{"key":"Zm9v"}}{"create_request":{"key":"YmFy"}}`}, 2, nil)
	p.follow(request{path: "/v3beta/watch", body: `{"create_request":{"key":"Zm9v"}}`}, 2, func(s *side) {
		_, _ = s.fetch(request{path: "/v3/kv/put", body: `{"key":"Zm9v","value":"Mw=="}`})
	})
	p.follow(request{path: "/v3/watch", body: `{"create_request":{"key":"Zm9v","filters":["NOPUT"]}}`}, 2, func(s *side) {
		_, _ = s.fetch(request{path: "/v3/kv/deleterange", body: `{"key":"Zm9v"}`})
	})
	p.follow(request{path: "/v3/watch", body: `{"create_request":{"key":"Zm9v","start_revision":"-1"}}`}, 1, nil)
	p.ask(posts("/v3/kv/compaction", `{"revision":"4"}`)...)
	p.follow(request{path: "/v3/watch", body: `{"create_request":{"key":"Zm9v","start_revision":"1"}}`}, 2, nil)
	p.silent(request{path: "/v3/watch", body: ``})
	p.silent(request{path: "/v3/watch", body: `nonsense`})
}

// silent expects both servers to say nothing for a while: a watch that was asked
// for nothing.
func (p *pair) silent(r request) {
	p.requests++
	for _, s := range p.sides() {
		answered := make(chan string, 1)
		go func() {
			got, err := s.lines(r, 1, nil)
			answered <- fmt.Sprint(got, err)
		}()
		select {
		case got := <-answered:
			p.differ("%v: %s answers: %s", r, s.server.Binary, got)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func snapshots(p *pair) {
	for _, body := range []string{`{}`, ``} {
		p.requests++
		r := request{path: "/v3/maintenance/snapshot", body: body}
		var lasts []any
		for _, s := range p.sides() {
			got, err := s.lines(r, 10_000, nil)
			all := normalized(got.text)
			if err != nil || len(all) < 2 || !isCompact(got.text) {
				p.differ("%s: snapshot of %d lines: %v", s.server.Binary, len(all), err)
				return
			}
			lasts = append(lasts, all[len(all)-1])
		}
		if !reflect.DeepEqual(lasts[0], lasts[1]) {
			p.differ("snapshot's end\n          Go:   %v\n          ours: %v", lasts[0], lasts[1])
		}
	}
	p.ask(posts("/v3/maintenance/snapshot", `x`, `{"a":`, `[]`)...)
}

func observes(p *pair) {
	p.ask(posts("/v3/lease/grant", `{"ID":"77","TTL":"100"}`)...)
	p.ask(posts("/v3/election/campaign", `{"name":"ZWxlY3Q=","value":"djE=","lease":"77"}`)...)
	p.follow(request{path: "/v3/election/observe", body: `{"name":"ZWxlY3Q="}`}, 1, nil)
	p.follow(request{path: "/v3/election/observe", body: `{"name":"ZWxlY3Q="}`}, 2, func(s *side) {
		_, _ = s.fetch(request{path: "/v3/election/proclaim",
			body: `{"leader":{"name":"ZWxlY3Q=","key":"ZWxlY3QvNGQ=","rev":"2","lease":"77"},"value":"djI="}`})
	})
}
