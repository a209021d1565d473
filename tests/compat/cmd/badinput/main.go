// Command badinput gives a server broken frames, hostile clients, full and
// read-only disks and damaged files, and checks that it answers with a clear
// error, stays up or ends with a clear message, and loses nothing acknowledged.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	repo.Paths
	only                string
	idle, attackSeconds int
}

// scenario is one kind of bad input. run returns what happened, for the report,
// and an error if that isn't good enough.
type scenario struct {
	name string
	run  func(*stage) (happened string, err error)
}

// stage is where a scenario runs: options, and a folder of its own.
type stage struct {
	options
	folder  string
	servers int // made so far
}

// skipped is the error of a scenario that can't run here.
type skipped string

func (s skipped) Error() string { return string(s) }

func main() {
	var o options
	o.AddFlags("badinput")
	flag.StringVar(&o.only, "only", "", "run only scenarios whose name contains this")
	flag.IntVar(&o.idle, "idle-connections", 10_000, "connections that stay idle")
	flag.IntVar(&o.attackSeconds, "attack-seconds", 5, "length of each attack; latency counts from 60 on")
	attack := flag.String("attack", "", "be the attacker of that name, against -target, until killed")
	target := flag.String("target", "", "host:port, for -attack")
	flag.Parse()
	if *attack != "" {
		attackMain(*attack, *target)
	}
	o.MustExist()
	os.Exit(runAll(o).Close())
}

func runAll(o options) *report.Report {
	results := report.New()
	for _, list := range [][]scenario{
		callScenarios(), frameScenarios(), floodScenarios(), stormScenarios(), connectionScenarios(),
		startScenarios(), diskScenarios(), damageScenarios(), attackScenarios(),
	} {
		for _, s := range list {
			if strings.Contains(s.name, o.only) {
				runOne(o, s, results)
			}
		}
	}
	return results
}

func runOne(o options, s scenario, results *report.Report) {
	folder := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" :,/()", r) {
			return '-'
		}
		return r
	}, s.name)
	st := &stage{options: o, folder: filepath.Join(o.Work, folder)}
	if err := os.RemoveAll(st.folder); err != nil {
		results.Fail(s.name, err.Error())
		return
	}
	happened, err := s.run(st)
	if reason, ok := err.(skipped); ok {
		results.Skip(s.name, string(reason))
		return
	}
	if err != nil {
		results.Fail(s.name, fmt.Sprintf("%v; logs in %s", err, st.folder))
		return
	}
	results.Pass(s.name, happened)
	_ = os.RemoveAll(st.folder)
}
