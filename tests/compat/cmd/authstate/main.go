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
	"time"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	server, reference, work, ask string
	changes, seeds               int
	seed                         int64
}

func main() {
	var o options
	flag.StringVar(&o.server, "etcd", repo.ServerUnderTest(), "the server under test")
	flag.StringVar(&o.reference, "reference", repo.Reference(), "folder made by build.sh")
	flag.StringVar(&o.work, "work", repo.Work("authstate"), "folder for logs and data")
	flag.StringVar(&o.ask, "ask", "all", "members that are asked: all, or go")
	flag.IntVar(&o.changes, "changes", 200, "changes that must succeed")
	flag.Int64Var(&o.seed, "seed", 1, "of the first run")
	flag.IntVar(&o.seeds, "seeds", 2, "runs")
	flag.Parse()

	all := report.New()
	for seed := o.seed; seed < o.seed+int64(o.seeds); seed++ {
		all.Outcome(fmt.Sprintf("seed-%d", seed), "", run(o, seed))
	}
	os.Exit(all.Close())
}

func run(o options, seed int64) error {
	c, err := startCluster(o, filepath.Join(o.work, fmt.Sprintf("seed-%d", seed)))
	if err != nil {
		return err
	}
	defer c.kill()
	if err := newChanges(c, seed).play(o.changes); err != nil {
		return err
	}
	if err := c.waitApplied(30 * time.Second); err != nil {
		return err
	}
	for _, member := range c.members {
		if err := member.Stop(); err != nil {
			return err
		}
	}
	return errors.Join(c.compare("auth"), c.compare("authUsers"), c.compare("authRoles"), c.compare("key"))
}
