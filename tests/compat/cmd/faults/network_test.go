package main

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"etcdpp/tests/compat/internal/wait"
)

// echo answers each byte with itself.
func echo(t *testing.T) (port int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(connection, connection)
				_ = connection.Close()
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func exchange(t *testing.T, connection net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, len(text))
	if _, err := io.ReadFull(connection, back); err != nil || string(back) != text {
		t.Fatalf("%q came back: %v", back, err)
	}
}

// The connections that matter are made before anybody knows the members' ids, and
// begin with a request that tells of no id.
func TestACutHoldsBackWhatGoesOverAnOldConnection(t *testing.T) {
	n := newNetwork()
	defer n.close()
	url, err := n.open(0, echo(t))
	if err != nil {
		t.Fatal(err)
	}
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	exchange(t, connection, "GET /raft/probing HTTP/1.1\r\n\r\n")
	exchange(t, connection, "POST /raft HTTP/1.1\r\nX-Server-From: ab12\r\n\r\n")
	n.learn(0xab12, 1)
	n.learn(0xcd34, 0)
	for _, w := range []way{{1, 0}, {0, 1}} {
		n.block(w)
		if _, err := io.WriteString(connection, "x"); err != nil {
			t.Fatal(err)
		}
		if err := wait.Until(time.Minute, time.Millisecond, func() error {
			n.mu.Lock()
			defer n.mu.Unlock()
			if !n.cut[w] {
				return errors.New("nothing is held back")
			}
			return nil
		}); err != nil {
			t.Fatalf("%v: %v", w, err)
		}
		if err := n.heal(); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(connection, make([]byte, 1)); err != nil {
			t.Error(err)
		}
	}
}

func TestACutOfAWayThatNothingGoesIsAnError(t *testing.T) {
	n := newNetwork()
	n.block(way{0, 1})
	if err := n.heal(); err == nil || !strings.Contains(err.Error(), "from m0 to m1") {
		t.Error(err)
	}
}
