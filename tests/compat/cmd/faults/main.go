// Command faults runs a cluster of three under load and, cycle after cycle, lets
// one thing go wrong: members are killed or stand still, the network between
// them is cut. Each client's view of it all is recorded, and the history must be
// linearizable; at the end HashKV must be equal on all members.
package main

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"time"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	server, reference, work, only string
	cycles, clients, keys         int
	seed                          int64
	pause, fault                  time.Duration
	mixed                         bool
}

func main() {
	var o options
	flag.StringVar(&o.server, "etcd", repo.ServerUnderTest(), "the server under test")
	flag.StringVar(&o.reference, "reference", repo.Reference(), "folder made by build.sh")
	flag.StringVar(&o.work, "work", repo.Work("faults"), "folder for logs and data")
	flag.StringVar(&o.only, "only", "", "only faults whose names contain this")
	flag.IntVar(&o.cycles, "cycles", 5, "of each fault")
	flag.IntVar(&o.clients, "clients", 6, "clients at a time")
	flag.IntVar(&o.keys, "keys", 5, "keys that they share")
	flag.Int64Var(&o.seed, "seed", time.Now().UnixNano(), "of the choices")
	flag.DurationVar(&o.pause, "pause", 10*time.Second, "how long a member stands still")
	flag.DurationVar(&o.fault, "fault", 3*time.Second, "how long a cut lasts, or a killed member is away")
	flag.BoolVar(&o.mixed, "mixed", false, "one member is Go etcd")
	flag.Parse()

	fmt.Printf("seed %d\n", o.seed)
	all := report.New()
	for _, f := range faults {
		if strings.Contains(f.name, o.only) {
			all.Outcome(f.name, fmt.Sprintf("%d cycles", o.cycles), run(o, f))
		}
	}
	os.Exit(all.Close())
}

func run(o options, f fault) error {
	c, err := startCluster(filepath.Join(o.work, f.name), o)
	if err != nil {
		return err
	}
	defer c.close()
	random := rand.New(rand.NewSource(o.seed))
	history := record(c.endpoints(), o.clients, o.keys, o.seed)
	for cycle := range o.cycles {
		time.Sleep(time.Second)
		if err := f.cause(c, random); err != nil {
			history.stop()
			return fmt.Errorf("cycle %d: %w", cycle, err)
		}
		if err := c.wait(); err != nil {
			history.stop()
			return fmt.Errorf("cycle %d, afterwards: %w", cycle, err)
		}
	}
	time.Sleep(time.Second)
	history.stop()
	if err := c.agree(); err != nil {
		return err
	}
	return history.check(filepath.Join(o.work, f.name, "history.html"))
}
