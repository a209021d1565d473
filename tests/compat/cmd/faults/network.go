package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// way is one direction between two members.
type way struct{ from, to int }

// network stands between the members: each one's peer port is reached through a
// proxy, which finds out who dials from the requests (X-Server-From) and holds
// back what goes a way that is cut. What is held back goes on when it heals, as
// with TCP.
type network struct {
	mu      sync.Mutex
	cut     map[way]bool   // true: something was held back
	members map[string]int // by id, in hex
	proxies []net.Listener
}

func newNetwork() *network { return &network{members: map[string]int{}} }

// open makes the proxy in front of a member's port and returns the URL of it.
func (n *network) open(member, port int) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	n.proxies = append(n.proxies, listener)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go (&link{network: n, to: member}).carry(connection, port)
		}
	}()
	return "http://" + listener.Addr().String(), nil
}

func (n *network) close() {
	for _, proxy := range n.proxies {
		_ = proxy.Close()
	}
}

// learn tells which member has this id. Links that are there already are known by
// it from now on.
func (n *network) learn(id uint64, member int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.members[fmt.Sprintf("%x", id)] = member
}

// block cuts these ways.
func (n *network) block(ways ...way) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = map[way]bool{}
	for _, w := range ways {
		n.cut[w] = false
	}
}

// heal ends all cuts. That nothing was held back on one of the ways is an error:
// then nothing was cut.
func (n *network) heal() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	cut := n.cut
	n.cut = nil
	for w, held := range cut {
		if !held {
			return fmt.Errorf("nothing went from m%d to m%d that could have been held back", w.from, w.to)
		}
	}
	return nil
}

// link is one connection that a member has dialled to the proxy of another.
type link struct {
	network *network
	to      int
	from    string // the dialler's id, in hex, once a request has told it; guarded by network.mu
}

const (
	requests = false // what the dialler sends
	answers  = true
)

// holds tells whether what is to go now is on a way that is cut.
func (l *link) holds(direction bool) bool {
	n := l.network
	n.mu.Lock()
	defer n.mu.Unlock()
	from, known := n.members[l.from]
	if !known {
		return false
	}
	w := way{from, l.to}
	if direction == answers {
		w = way{l.to, from}
	}
	if _, isCut := n.cut[w]; !isCut {
		return false
	}
	n.cut[w] = true
	return true
}

// identify looks for the dialler's id. A probe, which names nobody, may be the
// first of several requests on a connection.
func (l *link) identify(sent []byte) (found bool) {
	const field = "\r\nx-server-from:"
	at := bytes.Index(bytes.ToLower(sent), []byte(field))
	if at < 0 {
		return false
	}
	id, _, _ := strings.Cut(string(sent[at+len(field):]), "\r\n")
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	l.from = strings.TrimSpace(id)
	return true
}

func (l *link) carry(client net.Conn, port int) {
	defer client.Close()
	server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	pass := func(dst io.Writer, src io.Reader, direction bool) {
		l.copy(dst, src, direction)
		done <- struct{}{}
	}
	go pass(server, client, requests)
	go pass(client, server, answers)
	<-done
}

func (l *link) copy(dst io.Writer, src io.Reader, direction bool) {
	buffer := make([]byte, 64*1024)
	identified := direction == answers
	for {
		size, err := src.Read(buffer)
		if err != nil {
			return
		}
		if !identified {
			identified = l.identify(buffer[:size])
		}
		for l.holds(direction) {
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := dst.Write(buffer[:size]); err != nil {
			return
		}
	}
}
