// Command gatewaycheck sends the same HTTP requests to the JSON gateways of Go
// etcd and of the server under test and compares status, headers and bodies.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	repo.Paths
	only string
}

// scenario is a list of requests, run on two fresh servers.
type scenario struct {
	name string
	run  func(*pair)
}

func main() {
	var o options
	o.AddFlags("gatewaycheck")
	flag.StringVar(&o.only, "only", "", "run only scenarios whose name contains this")
	flag.Parse()

	o.MustExist()
	results := report.New()
	for _, s := range slices.Concat(callScenarios(), streamScenarios(), socketScenarios(), slowScenarios()) {
		if strings.Contains(s.name, o.only) {
			play(o, s, results)
		}
	}
	os.Exit(results.Close())
}

// play runs one scenario and records its outcome.
func play(o options, s scenario, results *report.Report) {
	folder := filepath.Join(o.Work, strings.ReplaceAll(s.name, " ", "-"))
	p, err := newPair(o, folder)
	if err != nil {
		results.Fail(s.name, err.Error())
		return
	}
	defer p.close()
	s.run(p)
	for _, side := range p.sides() {
		if !side.server.Running() {
			p.differ("%s ended: %s", side.server.Binary, side.server.LastLines(5))
		}
	}
	summary := fmt.Sprintf("%d requests", p.requests)
	if len(p.notes) > 0 {
		summary += "; " + strings.Join(p.notes, "; ")
	}
	if len(p.found) > 0 {
		results.Fail(s.name, fmt.Sprintf("%s; logs in %s\n      %s", summary, folder, strings.Join(p.found, "\n      ")))
		return
	}
	results.Pass(s.name, summary)
	_ = os.RemoveAll(folder)
}
