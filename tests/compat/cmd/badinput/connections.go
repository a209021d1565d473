package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

func connectionScenarios() []scenario {
	return []scenario{
		{"connections: idle ones by the thousand", idleConnections},
		{"connections: that speak something else", strangers},
	}
}

// idleConnections opens many connections, every second one with HTTP/2 begun,
// and checks that the server goes on as before.
func idleConnections(st *stage) (string, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return "", err
	}
	if int(limit.Max) < st.idle+500 {
		return "", skipped(fmt.Sprintf("RLIMIT_NOFILE is %d", limit.Max))
	}
	ours, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = ours.Kill() }()
	before := memory(ours.Pid())
	connections := make([]net.Conn, 0, st.idle)
	defer func() {
		for _, connection := range connections {
			_ = connection.Close()
		}
	}()
	began := time.Now()
	for i := range st.idle {
		connection, err := net.DialTimeout("tcp", ours.Endpoint(), answerLimit)
		if err != nil {
			return "", fmt.Errorf("connection %d: %w", i, err)
		}
		connections = append(connections, connection)
		if i%2 == 0 {
			_, err = io.WriteString(connection, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
		}
		if err != nil {
			return "", fmt.Errorf("connection %d: %w", i, err)
		}
	}
	opened := time.Since(began)
	time.Sleep(500 * time.Millisecond)
	grown := memory(ours.Pid()) - before
	began = time.Now()
	if err := ours.write(100, 100); err != nil {
		return "", err
	}
	write := time.Since(began) / 100
	if err := ours.intact(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d opened in %s; %d bytes of memory each; a put took %s",
		st.idle, opened.Round(time.Millisecond), grown/st.idle, write.Round(time.Microsecond)), nil
}

// strangers are connections that aren't HTTP/2, or not as they should be.
func strangers(st *stage) (string, error) {
	ours, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = ours.Kill() }()
	hello := func(connection net.Conn) error {
		return tls.Client(connection, &tls.Config{InsecureSkipVerify: true}).Handshake()
	}
	texts := []string{
		"", "\n", "\x00", "P", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "PRI * HTTP/2.0\r\n", "hello\r\n\r\n",
		"GET / HTTP/1.1\r\n", "GET /version HTTP/1.1\r\n\r\n", "GET /version HTTP/9.9\r\nHost: a\r\n\r\n",
		"GET /version HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		"POST /version HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n{",
		"GET /" + strings.Repeat("a", 5_000_000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X-Y: z\r\n", 300_000) + "\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("v", 5_000_000) + "\r\n\r\n",
		strings.Repeat("\xff", 1_000_000), strings.Repeat("\r\n", 100_000),
		"GET /version HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
	}
	actions := []func(net.Conn) error{hello}
	for _, text := range texts {
		actions = append(actions, func(connection net.Conn) error {
			_, err := io.WriteString(connection, text)
			return err
		})
	}
	for i, act := range actions {
		connection, err := net.DialTimeout("tcp", ours.Endpoint(), answerLimit)
		if err != nil {
			return "", fmt.Errorf("action %d: %w", i, err)
		}
		_ = connection.SetDeadline(time.Now().Add(300 * time.Millisecond))
		_ = act(connection)
		_, _ = io.Copy(io.Discard, connection)
		_ = connection.Close()
		if err := ours.intact(); err != nil {
			return "", fmt.Errorf("action %d: %w", i, err)
		}
	}
	return fmt.Sprintf("%d kinds", len(actions)), nil
}
