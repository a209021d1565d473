package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
)

func slowScenarios() []scenario {
	return []scenario{{name: "clients that never read", run: neverRead}}
}

const (
	slowClients = 20
	slowPuts    = 40
	// Unbounded queues would hold slowClients * slowPuts events of 1.3 MB: 1 GB.
	slowMegabytes = 500
)

// neverRead opens watches whose clients stop reading, and writes much: our
// server's memory must not grow by what it can't send, and it must go on.
func neverRead(p *pair) {
	for range slowClients {
		conn, err := p.ours.deafWatch()
		if err != nil {
			p.differ("%v", err)
			return
		}
		defer conn.Close()
	}
	value := strings.Repeat("QUJD", 1_000_000/3)
	for range slowPuts {
		p.requests++
		got, err := p.ours.fetch(request{path: "/v3/kv/put", body: fmt.Sprintf(`{"key":"Zm9v","value":"%s"}`, value)})
		if err != nil || got.status != 200 {
			p.differ("put: %v %v", got.status, err)
			return
		}
	}
	megabytes, err := residentMegabytes(p.ours.server.Pid())
	if err != nil || megabytes > slowMegabytes {
		p.differ("%d MB of memory, at most %d expected: %v", megabytes, slowMegabytes, err)
	}
	p.notes = append(p.notes, fmt.Sprintf("%d MB of memory", megabytes))
}

// deafWatch opens a watch and reads nothing but the beginning.
func (s *side) deafWatch() (net.Conn, error) {
	conn, err := net.Dial("tcp", s.server.Endpoint())
	if err != nil {
		return nil, err
	}
	body := `{"create_request":{"key":"Zm9v"}}`
	fmt.Fprintf(conn, "POST /v3/watch HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	status, err := bufio.NewReaderSize(conn, 16).ReadString('\n')
	if err == nil && !strings.Contains(status, "200") {
		err = fmt.Errorf("watch: %s", status)
	}
	return conn, err
}

func residentMegabytes(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kilobytes int
	_, err = fmt.Sscan(rest, &kilobytes)
	return kilobytes / 1024, err
}
