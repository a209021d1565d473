package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
)

// side is one of the two servers.
type side struct {
	server *etcdproc.Server
	raw    *client.Raw
	member uint64
}

// pair is Go etcd ("theirs") and the server under test ("ours"), which get the
// same requests one after the other.
type pair struct {
	options
	theirs, ours side

	requests int
	revision int64    // of the last answer that had a header
	found    []string // differences
	notes    []string
}

// ended stops a scenario from within.
type ended struct{}

func newPair(o options, folder string, args []string) (*pair, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	p := &pair{options: o}
	for _, s := range []struct {
		side         *side
		name, binary string
	}{{&p.theirs, "go", o.GoEtcd()}, {&p.ours, "ours", o.Etcd}} {
		server, err := etcdproc.New(etcdproc.Config{
			Binary:  s.binary,
			DataDir: filepath.Join(folder, s.name),
			LogPath: filepath.Join(folder, s.name+".log"),
			Args:    append([]string{"--heartbeat-interval=20", "--election-timeout=200"}, args...),
		})
		if err != nil {
			return nil, err
		}
		s.side.server = server
	}
	if err := p.start(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *pair) sides() []*side { return []*side{&p.theirs, &p.ours} }

// start starts both processes and connects.
func (p *pair) start() error {
	for _, s := range p.sides() {
		if err := s.server.Start(); err != nil {
			return err
		}
	}
	for _, s := range p.sides() {
		if err := s.connect(); err != nil {
			return err
		}
	}
	return nil
}

func (s *side) connect() error {
	if err := s.server.WaitReady(30 * time.Second); err != nil {
		return err
	}
	var err error
	if s.raw, err = client.NewRaw(s.server.Endpoint()); err != nil {
		return err
	}
	ctx, cancel := client.Timeout(5 * time.Second)
	defer cancel()
	answer, err := s.raw.KV.Range(ctx, &pb.RangeRequest{Key: []byte("x")})
	if err != nil {
		return fmt.Errorf("%s: %w", s.server.Binary, err)
	}
	s.member = answer.Header.MemberId
	return nil
}

func (p *pair) close() {
	for _, s := range p.sides() {
		if s.raw != nil {
			s.raw.Close()
		}
		if s.server != nil {
			_ = s.server.Kill()
		}
	}
}

// killAndRestart kills both servers and starts them on the same folders.
func (p *pair) killAndRestart() {
	for _, s := range p.sides() {
		s.raw.Close()
		if err := s.server.Kill(); err != nil {
			p.differ(err.Error())
		}
	}
	if err := p.start(); err != nil {
		p.differ("restart: " + err.Error())
		panic(ended{})
	}
}

// scenario runs s to its end, or until too much differs or a server has died.
func (p *pair) scenario(s scenario) {
	defer func() {
		if reason := recover(); reason != nil {
			if _, ok := reason.(ended); !ok {
				panic(reason)
			}
		}
		for _, s := range p.sides() {
			if !s.server.Running() {
				p.found = append(p.found, fmt.Sprintf("%s ended: %s", s.server.Binary,
					s.server.LastLines(5)))
			}
		}
	}()
	s.run(p)
}

func (p *pair) differ(text string) {
	p.found = append(p.found, text)
	if len(p.found) >= p.differences {
		panic(ended{})
	}
}

// ask sends request to both servers, compares the answers and returns theirs.
func (p *pair) ask(request proto.Message) *answer {
	return p.askMethod(methodOf(request), request)
}

func (p *pair) askMethod(m method, request proto.Message) *answer {
	return p.exchangeEven(describe(m, request), m.settles(), func(raw *client.Raw) *answer {
		return m.call(raw, request)
	}, func(a *answer) { a.evenTies(request) })
}

// settleLimit is how long answers that follow from work in the background may
// differ: a compaction leaves a hash behind, the storage version is set later.
const settleLimit = 5 * time.Second

// exchange sends one request to both and records how the answers differ.
func (p *pair) exchange(request string, settles bool, send func(*client.Raw) *answer) *answer {
	return p.exchangeEven(request, settles, send, func(*answer) {})
}

// exchangeEven is exchange with a last step, even, before masked answers are
// compared.
func (p *pair) exchangeEven(request string, settles bool, send func(*client.Raw) *answer, even func(*answer)) *answer {
	p.requests++
	deadline := time.Now().Add(settleLimit)
	for {
		theirs, ours := send(p.theirs.raw), send(p.ours.raw)
		a, b := theirs.masked(p.theirs.member), ours.masked(p.ours.member)
		even(a)
		even(b)
		switch {
		case theirs.isMissing():
			p.differ(fmt.Sprintf("%s\n          Go does not answer: %s", request, a))
		case a.equal(b):
		case settles && time.Now().Before(deadline):
			time.Sleep(10 * time.Millisecond)
			continue
		default:
			p.differ(fmt.Sprintf("%s\n          Go:   %s\n          ours: %s", request, a, b))
			if !p.ours.server.Running() || !p.theirs.server.Running() {
				panic(ended{})
			}
		}
		if revision := theirs.revision(); revision > 0 {
			p.revision = revision
		}
		return theirs
	}
}

// sameHash compares HashKV at the current revision.
func (p *pair) sameHash() { p.ask(&pb.HashKVRequest{}) }

// sameEverything compares all keys at the current and at some older revisions.
func (p *pair) sameEverything() {
	all := []byte{0}
	compacted := int64(1)
	answer := p.ask(&pb.HashKVRequest{})
	if hash, ok := answer.first().(*pb.HashKVResponse); ok {
		compacted = max(compacted, hash.CompactRevision)
	}
	for step := range int64(5) {
		revision := compacted + (p.revision-compacted)*step/4
		p.ask(&pb.RangeRequest{Key: all, RangeEnd: all, Revision: revision})
		p.ask(&pb.HashKVRequest{Revision: revision})
	}
}

var errNoAnswer = errors.New("no message before the end of the stream")
