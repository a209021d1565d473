// Command cluster runs clusters of three under load and disturbs them: members
// are killed and come back, each one leads in turn, one is replaced. At every
// stop no acknowledged write may be missing, a watch must have told of each once,
// and HashKV must be equal everywhere.
package main

import (
	"flag"
	"os"
	"strings"
	"time"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	repo.Paths
	rounds, writers int
	replacements    int
	snapshotCount   int
	load            time.Duration
	only            string
	back            bool
}

func main() {
	var o options
	o.AddFlags("cluster")
	flag.IntVar(&o.rounds, "rounds", 3, "disturbances of each cluster")
	flag.IntVar(&o.replacements, "replacements", 1, "rounds of replacing all members by ours and back")
	flag.BoolVar(&o.back, "back", true, "replace ours by Go's again; a release older than the cluster's version can't join it")
	flag.IntVar(&o.writers, "writers", 4, "writers at a time")
	flag.IntVar(&o.snapshotCount, "snapshot-count", 100, "--snapshot-count of every member")
	flag.DurationVar(&o.load, "load", time.Second, "load between two disturbances")
	flag.StringVar(&o.only, "only", "", "run only scenarios whose names contain this")
	flag.Parse()
	o.MustExist()

	ours, reference := o.Etcd, o.GoEtcd()
	scenarios := []struct {
		name  string
		kinds []string
		play  func(*stage) error
	}{
		{"kill-ours", []string{ours, ours, ours}, killInTurn},
		{"kill-mixed", []string{reference, reference, ours}, killInTurn},
		{"lead-in-turn", []string{reference, ours, reference}, leadInTurn},
		{"catch-up-ours", []string{ours, ours, ours}, catchUp},
		{"catch-up-mixed", []string{reference, ours, ours}, catchUp},
		{"replace", []string{reference, reference, ours}, replaceAll},
	}
	all := report.New()
	for _, scenario := range scenarios {
		if strings.Contains(scenario.name, o.only) {
			all.Outcome(scenario.name, "", run(o, scenario.name, scenario.kinds, scenario.play))
		}
	}
	os.Exit(all.Close())
}

func run(o options, name string, binaries []string, play func(*stage) error) error {
	s, err := startStage(o, name, binaries)
	if err != nil {
		return err
	}
	defer s.close()
	return play(s)
}
