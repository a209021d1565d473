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

// network stands between the members: each one's peer port is reached through a
// proxy, which finds out who sends from the request (X-Server-From) and holds
// back what goes a way that is cut. What is held back goes on when it heals, as
// with TCP.
type network struct {
	mu      sync.Mutex
	cut     map[[2]int]bool // from, to
	names   map[string]int  // member ids, in hex
	proxies []net.Listener
}

func newNetwork() *network {
	return &network{cut: map[[2]int]bool{}, names: map[string]int{}}
}

// open makes the proxy in front of a member's port and returns its own.
func (n *network) open(member, port int) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	n.proxies = append(n.proxies, listener)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go n.carry(connection, member, port)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (n *network) close() {
	for _, proxy := range n.proxies {
		_ = proxy.Close()
	}
}

// block cuts these ways and heals all others.
func (n *network) block(ways ...[2]int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = map[[2]int]bool{}
	for _, way := range ways {
		n.cut[way] = true
	}
}

func (n *network) blocked(from, to int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.cut[[2]int{from, to}]
}

func (n *network) memberOf(head []byte) int {
	const field = "x-server-from:"
	at := bytes.Index(bytes.ToLower(head), []byte(field))
	if at < 0 {
		return -1
	}
	id, _, _ := strings.Cut(string(head[at+len(field):]), "\r\n")
	n.mu.Lock()
	defer n.mu.Unlock()
	if member, known := n.names[strings.TrimSpace(id)]; known {
		return member
	}
	return -1
}

func (n *network) carry(client net.Conn, to, port int) {
	defer client.Close()
	head := make([]byte, 64*1024)
	size, err := client.Read(head)
	if err != nil {
		return
	}
	from := n.memberOf(head[:size])
	server, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	pass := func(dst, src net.Conn, first []byte, a, b int) {
		n.copy(dst, src, first, a, b)
		done <- struct{}{}
	}
	go pass(server, client, head[:size], from, to)
	go pass(client, server, nil, to, from)
	<-done
}

func (n *network) copy(dst io.Writer, src io.Reader, bytes []byte, from, to int) {
	buffer := make([]byte, 64*1024)
	for {
		for len(bytes) > 0 && n.blocked(from, to) {
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := dst.Write(bytes); err != nil {
			return
		}
		size, err := src.Read(buffer)
		if err != nil {
			return
		}
		bytes = buffer[:size]
	}
}
