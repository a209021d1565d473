package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"time"

	"etcdpp/tests/compat/internal/wait"
)

// request is one HTTP request. POST is its method unless it says another.
type request struct {
	method, path, body string
	headers            map[string]string

	// What our server answers on purpose where Go answers something else, and
	// why: see docs/compat.md.
	instead int
	reason  string
}

func (r request) String() string {
	body := r.body
	if len(body) > 100 {
		body = body[:100] + "..."
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %v %s", r.verb(), r.path, r.headers, body))
}

func (r request) verb() string {
	if r.method == "" {
		return http.MethodPost
	}
	return r.method
}

// answer is an HTTP answer as far as it is compared.
type answer struct {
	status  int
	headers map[string][]string
	text    string
}

// comparedHeaders matter to a client. Lengths and dates follow from the rest.
var comparedHeaders = []string{"Content-Type", "Grpc-Metadata-Content-Type", "Access-Control-Allow-Origin",
	"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Location", "Www-Authenticate", "Allow",
	"Content-Encoding", "X-Content-Type-Options"}

func (s *side) send(r request) (*http.Response, error) {
	sent, err := http.NewRequest(r.verb(), "http://"+s.server.Endpoint()+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for name, value := range r.headers {
		sent.Header.Set(name, value)
	}
	client := http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client.Do(sent)
}

func answerOf(response *http.Response, text string) answer {
	headers := map[string][]string{}
	for _, name := range comparedHeaders {
		if values := response.Header.Values(name); len(values) > 0 {
			headers[name] = values
		}
	}
	return answer{response.StatusCode, headers, text}
}

func (s *side) fetch(r request) (answer, error) {
	response, err := s.send(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answerOf(response, string(body)), err
}

// awaitVersion waits until the cluster version is decided, which some answers
// show.
func (s *side) awaitVersion() error {
	return wait.Until(20*time.Second, 50*time.Millisecond, func() error {
		got, err := s.fetch(request{method: http.MethodGet, path: "/version"})
		if err == nil && strings.Contains(got.text, `"etcdcluster":"3.7`) && strings.Contains(got.text, `"storage":"3.7`) {
			return nil
		}
		return fmt.Errorf("%s: no cluster version: %q %v", s.server.Binary, got.text, err)
	})
}

// ask sends each request to both servers and compares the answers.
func (p *pair) ask(requests ...request) {
	for _, r := range requests {
		p.requests++
		theirs, err := p.theirs.fetch(r)
		if err != nil {
			p.differ("%v: Go: %v", r, err)
			continue
		}
		ours, err := p.ours.fetch(r)
		if err != nil {
			p.differ("%v: ours: %v", r, err)
			continue
		}
		p.compare(r, theirs, ours)
	}
}

func (p *pair) compare(r request, theirs, ours answer) {
	switch {
	case r.instead != 0:
		if ours.status != r.instead && !sameAnswer(theirs, ours) {
			p.differ("%v\n          %s: %d expected, ours: %d %s", r, r.reason, r.instead, ours.status, ours.text)
		}
	case !sameAnswer(theirs, ours):
		p.differ("%v\n          Go:   %v\n          ours: %v", r, theirs, ours)
	case !isCompact(ours.text):
		p.differ("%v: not compact: %s", r, ours.text)
	}
}

func sameAnswer(a, b answer) bool {
	return a.status == b.status && reflect.DeepEqual(a.headers, b.headers) &&
		reflect.DeepEqual(normalized(a.text), normalized(b.text))
}

// isCompact: JSON without space around it and within.
func isCompact(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(line)) == nil && compact.String() != line {
			return false
		}
	}
	return true
}

// normalized turns each line of JSON into a value with the same in it for both
// servers; other lines stay as they are.
func normalized(text string) []any {
	var lines []any
	for line := range strings.Lines(text) {
		var value any
		if json.Unmarshal([]byte(line), &value) != nil {
			value = line
		}
		lines = append(lines, even("", value))
	}
	return lines
}

var (
	// Values that differ between any two servers: compared only as there or not.
	free = map[string]bool{"cluster_id": true, "member_id": true, "memberID": true, "raft_term": true, "raftTerm": true,
		"raftIndex": true, "raftAppliedIndex": true, "leader": true, "dbSize": true, "dbSizeInUse": true, "blob": true,
		"remaining_bytes": true, "hash": true, "lease": true, "token": true}
	ports      = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	protoError = regexp.MustCompile(`^proto:.*`)
	// Ids that the server picked have many digits; those of requests here have few.
	pickedID = regexp.MustCompile(`^\d{12,}$`)
)

func even(name string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = even(key, inner)
		}
		return value
	case []any:
		for i, inner := range value {
			value[i] = even(name, inner)
		}
		if name == "leases" {
			sort.Slice(value, func(i, j int) bool { return fmt.Sprint(value[i]) < fmt.Sprint(value[j]) })
		}
		return value
	case string:
		return evenText(name, value)
	case float64:
		if free[name] {
			return "*"
		}
	}
	return value
}

func evenText(name, text string) string {
	switch {
	case free[name], name == "ID" && pickedID.MatchString(text):
		return "*"
	case name == "message":
		// protobuf's own texts vary from build to build on purpose.
		return protoError.ReplaceAllString(text, "proto:*")
	}
	return ports.ReplaceAllString(text, "127.0.0.1:*")
}
