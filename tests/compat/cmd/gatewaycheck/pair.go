package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"etcdpp/tests/compat/internal/etcdproc"
)

type side struct {
	server *etcdproc.Server
}

// pair is Go etcd ("theirs") and the server under test ("ours"), which get the
// same requests one after the other.
type pair struct {
	theirs, ours side

	requests int
	found    []string // differences
	notes    []string
}

func newPair(o options, folder string) (*pair, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	p := &pair{}
	for _, s := range []struct {
		side         *side
		name, binary string
	}{{&p.theirs, "go", o.GoEtcd()}, {&p.ours, "ours", o.Etcd}} {
		server, err := etcdproc.New(etcdproc.Config{
			Binary:  s.binary,
			DataDir: filepath.Join(folder, s.name),
			LogPath: filepath.Join(folder, s.name+".log"),
			Args:    []string{"--heartbeat-interval=20", "--election-timeout=200"},
		})
		if err != nil {
			return nil, err
		}
		s.side.server = server
	}
	for _, s := range p.sides() {
		if err := s.server.StartReady(30 * time.Second); err != nil {
			p.close()
			return nil, err
		}
	}
	for _, s := range p.sides() {
		if err := s.awaitVersion(); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *pair) sides() []*side { return []*side{&p.theirs, &p.ours} }

func (p *pair) close() {
	for _, s := range p.sides() {
		if s.server != nil {
			_ = s.server.Kill()
		}
	}
}

func (p *pair) differ(format string, arguments ...any) {
	p.found = append(p.found, fmt.Sprintf(format, arguments...))
}
