package main

import (
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/gorilla/websocket"
)

func socketScenarios() []scenario {
	return []scenario{{name: "WebSockets", run: sockets}}
}

// dial opens a WebSocket; also what the handshake answered.
func (s *side) dial(path string, headers http.Header) (*websocket.Conn, string, error) {
	dialer := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	socket, response, err := dialer.Dial("ws://"+s.server.Endpoint()+path, headers)
	if response == nil {
		return nil, "", err
	}
	return socket, fmt.Sprint(response.StatusCode, response.Header.Values("Sec-Websocket-Protocol")), nil
}

// talk says each text and reads count answers in all, or up to the end.
func (s *side) talk(path string, headers http.Header, count int, texts ...string) ([]any, error) {
	socket, handshake, err := s.dial(path, headers)
	if err != nil || socket == nil {
		return []any{handshake}, err
	}
	defer socket.Close()
	for _, text := range texts {
		if err := socket.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			return nil, err
		}
	}
	said := []any{handshake}
	_ = socket.SetReadDeadline(time.Now().Add(5 * time.Second))
	for range count {
		kind, text, err := socket.ReadMessage()
		if err != nil {
			return append(said, "end"), nil
		}
		said = append(said, kind, normalized(string(text)))
	}
	return said, nil
}

func sockets(p *pair) {
	for _, c := range []struct {
		path    string
		headers http.Header
		count   int
		texts   []string
	}{
		{path: "/v3/watch", count: 1, texts: []string{`{"create_request":{"key":"Zm9v"}}`}},
		{path: "/v3/watch", count: 2, texts: []string{`{"create_request":`, `{"key":"Zm9v"}}{"create_request":{"key":"YQ=="}}`}},
		{path: "/v3/watch", count: 1, headers: http.Header{"Sec-Websocket-Protocol": {"Bearer, x"}},
			texts: []string{`{"create_request":{"key":"Zm9v"}}`}},
		{path: "/v3/lease/keepalive", count: 2, texts: []string{`{"ID":"5"}`, `{"ID":"6"}`}},
		{path: "/v3/nope", count: 2},
		{path: "/v3beta/nope", count: 2},
	} {
		p.requests++
		theirs, err := p.theirs.talk(c.path, c.headers, c.count, c.texts...)
		if err != nil {
			p.differ("%s: Go: %v", c.path, err)
			continue
		}
		ours, err := p.ours.talk(c.path, c.headers, c.count, c.texts...)
		if err != nil {
			p.differ("%s: ours: %v", c.path, err)
		} else if !reflect.DeepEqual(theirs, ours) {
			p.differ("%s %v\n          Go:   %v\n          ours: %v", c.path, c.texts, theirs, ours)
		}
	}
	upgrade := map[string]string{"Connection": "Upgrade", "Upgrade": "websocket"}
	with := func(more ...string) map[string]string {
		headers := map[string]string{}
		for name, value := range upgrade {
			headers[name] = value
		}
		for i := 0; i < len(more); i += 2 {
			headers[more[i]] = more[i+1]
		}
		return headers
	}
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	p.ask(
		request{method: "GET", path: "/v3/watch", headers: with()},
		request{method: "GET", path: "/v3/watch", headers: with("Sec-WebSocket-Version", "8", "Sec-WebSocket-Key", key)},
		request{method: "GET", path: "/v3/watch", headers: with("Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "x")},
		request{method: "POST", path: "/v3/watch", headers: with("Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", key)},
		request{method: "GET", path: "/v3/kv/range", headers: map[string]string{"Connection": "Upgrade", "Upgrade": "h2c"}},
	)
}
