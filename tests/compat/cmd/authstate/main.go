// Command authstate makes random changes of users, roles and permissions in a
// cluster of Go's members and ours, while users write and members are killed and
// caught up by snapshots. In the end the buckets of all members must be equal,
// byte for byte.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	repo.Paths
	ask            string
	changes, seeds int
	seed           int64
}

func main() {
	var o options
	o.AddFlags("authstate")
	flag.StringVar(&o.ask, "ask", "all", "members that are asked: all, or go")
	flag.IntVar(&o.changes, "changes", 200, "changes that must succeed")
	flag.Int64Var(&o.seed, "seed", 1, "of the first run")
	flag.IntVar(&o.seeds, "seeds", 2, "runs")
	flag.Parse()
	o.MustExist()
	if o.ask != "all" && o.ask != "go" {
		fmt.Fprintf(os.Stderr, "authstate: -ask=%s: neither all nor go\n", o.ask)
		os.Exit(2)
	}

	all := report.New()
	for seed := o.seed; seed < o.seed+int64(o.seeds); seed++ {
		all.Outcome(fmt.Sprintf("seed-%d", seed), "", run(o, seed))
	}
	os.Exit(all.Close())
}

func run(o options, seed int64) error {
	s, err := startStage(o, filepath.Join(o.Work, fmt.Sprintf("seed-%d", seed)))
	if err != nil {
		return err
	}
	defer s.Close()
	if err := newChanges(s, seed).play(o.changes); err != nil {
		return err
	}
	if err := s.waitApplied(); err != nil {
		return err
	}
	for _, member := range s.Members {
		if err := member.Stop(); err != nil {
			return err
		}
	}
	return errors.Join(s.compare("auth"), s.compare("authUsers"), s.compare("authRoles"), s.compare("key"))
}
