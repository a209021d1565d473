package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sort"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func httpScenarios() []scenario {
	return []scenario{
		{name: "http: version and health", run: httpHealth},
		{name: "http: metrics", run: httpMetrics},
	}
}

// page is an HTTP answer as far as it is compared.
type page struct {
	status                   int
	contentType, allow, body string
}

func (s *side) fetch(method, path string) (page, error) {
	request, err := http.NewRequest(method, "http://"+s.server.Endpoint()+path, nil)
	if err != nil {
		return page{}, err
	}
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return page{answer.StatusCode, answer.Header.Get("Content-Type"), answer.Header.Get("Allow"),
		string(body)}, err
}

// withoutOrder sorts the lines of a list of checks, which Go etcd gives in the
// random order of a map.
func (p page) withoutOrder() page {
	if strings.Contains(p.body, "]serializable_read") || strings.Contains(p.body, "]data_corruption") {
		lines := strings.Split(p.body, "\n")
		sort.Strings(lines)
		p.body = strings.Join(lines, "\n")
	}
	return p
}

// fetch compares one page of both servers.
func (p *pair) fetch(method, path string) {
	p.requests++
	theirs, err := p.theirs.fetch(method, path)
	if err != nil {
		p.differ(err.Error())
		return
	}
	ours, err := p.ours.fetch(method, path)
	if err != nil {
		p.differ(err.Error())
	} else if theirs.withoutOrder() != ours.withoutOrder() {
		p.differ(fmt.Sprintf("%s %s\n          Go:   %+v\n          ours: %+v", method, path, theirs, ours))
	}
}

var healthPaths = []string{
	"/version", "/version/", "/health", "/health/", "/health?serializable=true",
	"/health?serializable=false", "/health?serializable=maybe", "/health?exclude=NOSPACE",
	"/health?exclude=NOSPACE&exclude=CORRUPT", "/health?exclude=nonsense", "/health?exclude=",
	"/livez", "/livez?verbose", "/livez?verbose=true", "/livez?exclude=serializable_read&verbose",
	"/livez?exclude=nonsense&verbose", "/livez/serializable_read", "/livez/serializable_read?verbose",
	"/livez/nonsense", "/livez/",
	"/readyz", "/readyz?verbose", "/readyz?verbose&exclude=data_corruption",
	"/readyz?verbose&exclude=data_corruption&exclude=linearizable_read&exclude=serializable_read&exclude=non_learner",
	"/readyz/data_corruption", "/readyz/serializable_read", "/readyz/linearizable_read",
	"/readyz/non_learner?verbose", "/readyz/nonsense",
	"/", "/nonsense", "/versions", "/healthz", "/v2/keys", "/%00", "/a/../version", "//version",
}

func httpHealth(p *pair) {
	for _, s := range p.sides() {
		if err := awaitVersions(s); err != nil {
			p.differ(fmt.Sprintf("%s: %v", s.server.Binary, err))
		}
	}
	every := func() {
		for _, path := range healthPaths {
			p.fetch(http.MethodGet, path)
		}
	}
	every()
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodHead, http.MethodDelete,
		http.MethodOptions} {
		for _, path := range []string{"/version", "/health", "/livez", "/readyz", "/nonsense"} {
			p.fetch(method, path)
		}
	}
	p.ask(alarm(pb.AlarmRequest_ACTIVATE, pb.AlarmType_NOSPACE))
	every()
	p.ask(alarm(pb.AlarmRequest_DEACTIVATE, pb.AlarmType_NOSPACE))
	p.ask(alarm(pb.AlarmRequest_ACTIVATE, pb.AlarmType_CORRUPT))
	every()
}

// sameValues are metrics whose values follow from the requests alone.
var sameValues = regexp.MustCompile(`^(etcd_mvcc_(put|delete|txn)_total|` +
	`etcd_debugging_mvcc_(keys_total|current_revision|compact_revision|total_put_size_in_bytes)|` +
	`etcd_server_(has_leader|is_leader|is_learner|version\{.*|quota_backend_bytes)|` +
	`etcd_cluster_version\{.*|` +
	`grpc_server_(handled|started)_total\{.*grpc_service="etcdserverpb.KV".*)$`)

// httpMetrics compares the kinds of all of Go's metrics, but for those of its
// runtime, and the values of some.
func httpMetrics(p *pair) {
	seedKeys(p)
	p.ask(then(put("a", "1"), del("a1", ""), get("k05")))
	p.ask(put("", ""))
	p.ask(&pb.CompactionRequest{Revision: p.revision / 2, Physical: true})
	p.requests++
	theirs, err := p.theirs.fetch(http.MethodGet, "/metrics")
	if err != nil {
		p.differ(err.Error())
		return
	}
	ours, err := p.ours.fetch(http.MethodGet, "/metrics")
	if err != nil {
		p.differ(err.Error())
		return
	}
	kinds, ourKinds := metricLines(theirs.body, "# TYPE "), metricLines(ours.body, "# TYPE ")
	for name, kind := range kinds {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "promhttp_") {
			continue
		}
		if ourKind := ourKinds[name]; kind != ourKind {
			p.differ(fmt.Sprintf("metric %s: %s in Go, %q in ours", name, kind, ourKind))
		}
	}
	values, ourValues := metricLines(theirs.body, ""), metricLines(ours.body, "")
	for name, value := range values {
		if ourValue := ourValues[name]; sameValues.MatchString(name) && value != ourValue {
			p.differ(fmt.Sprintf("%s is %s in Go, %q in ours", name, value, ourValue))
		}
	}
}

// metricLines maps the text up to the last space of each line with the prefix to
// the rest.
func metricLines(body, prefix string) map[string]string {
	lines := map[string]string{}
	for line := range strings.Lines(body) {
		line, found := strings.CutPrefix(strings.TrimSpace(line), prefix)
		if at := strings.LastIndex(line, " "); found && at > 0 && !strings.HasPrefix(line, "#") {
			lines[line[:at]] = line[at+1:]
		}
	}
	return lines
}
