// Command apicheck sends the same requests to Go etcd and to the server under
// test and compares the answers.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	repo.Paths
	only            string
	seed            int64
	seeds, requests int
	differences     int
	budget          time.Duration
}

// scenario is a list of requests, run on two fresh servers.
type scenario struct {
	name string
	args []string // further flags of both servers
	run  func(*pair)
}

func main() {
	var o options
	o.AddFlags("apicheck")
	flag.StringVar(&o.only, "only", "", "run only scenarios whose name contains this")
	flag.Int64Var(&o.seed, "seed", 1, "first seed of the random scenarios")
	flag.IntVar(&o.seeds, "seeds", 4, "how many random scenarios of each kind")
	flag.IntVar(&o.requests, "requests", 3000, "requests of a random scenario")
	flag.IntVar(&o.differences, "differences", 5, "differences after which a scenario ends")
	flag.DurationVar(&o.budget, "budget", 15*time.Minute, "begin no scenario after this time")
	flag.Parse()

	o.MustExist()
	results := report.New()
	began := time.Now()
	for _, s := range allScenarios(o) {
		if !strings.Contains(s.name, o.only) {
			continue
		}
		if time.Since(began) > o.budget {
			results.Fail(s.name, "not begun: out of time")
			continue
		}
		play(o, s, results)
	}
	os.Exit(results.Close())
}

func allScenarios(o options) []scenario {
	var all []scenario
	for _, list := range [][]scenario{
		keyScenarios(), rangeScenarios(), streamScenarios(), compareScenarios(), txnScenarios(),
		compactScenarios(), leaseScenarios(), maintenanceScenarios(), clusterScenarios(),
		limitScenarios(), wireScenarios(), httpScenarios(), randomScenarios(o),
	} {
		all = append(all, list...)
	}
	return all
}

// play runs one scenario and records its outcome.
func play(o options, s scenario, results *report.Report) {
	folder := filepath.Join(o.Work, strings.ReplaceAll(s.name, " ", "-"))
	p, err := newPair(o, folder, s.args)
	if err != nil {
		results.Fail(s.name, err.Error())
		return
	}
	defer p.close()
	began := time.Now()
	p.scenario(s)
	summary := fmt.Sprintf("%d requests in %s", p.requests, time.Since(began).Round(time.Millisecond))
	for _, note := range p.notes {
		summary += "; " + note
	}
	if len(p.found) > 0 {
		results.Fail(s.name, fmt.Sprintf("%s; logs in %s\n      %s", summary, folder,
			strings.Join(p.found, "\n      ")))
		return
	}
	results.Pass(s.name, summary)
	_ = os.RemoveAll(folder)
}
