// Command killtest kills a server under load, again and again, and checks after
// each restart that nothing acknowledged is missing and nothing unasked is there.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"etcdpp/tests/compat/internal/repo"
)

type options struct {
	repo.Paths
	cycles, clients  int
	keys             int
	checkEvery       int
	seed             int64
	minLoad, maxLoad time.Duration
	plantRollback    int
}

func main() {
	var o options
	o.AddFlags("killtest")
	flag.IntVar(&o.cycles, "cycles", 300, "how often the server is killed")
	flag.IntVar(&o.clients, "clients", 4, "writers at a time")
	flag.IntVar(&o.keys, "keys", 50, "keys of each writer")
	flag.IntVar(&o.checkEvery, "check-every", 20, "cycles between checks of the db file")
	flag.Int64Var(&o.seed, "seed", 0, "seed of loads and pauses; 0: from the clock")
	flag.DurationVar(&o.minLoad, "min-load", 30*time.Millisecond, "shortest load before a kill")
	flag.DurationVar(&o.maxLoad, "max-load", 400*time.Millisecond, "longest load before a kill")
	flag.IntVar(&o.plantRollback, "plant-rollback", 0,
		"put back the data folder of the cycle before at this cycle: the run must fail")
	flag.Parse()
	o.MustExist()
	if o.seed == 0 {
		o.seed = time.Now().UnixNano()
	}

	run, err := newRun(o)
	if err == nil {
		err = run.play()
	}
	fmt.Println(run.figures())
	if err != nil {
		fmt.Printf("FAIL  seed %d: %v\n", o.seed, err)
		fmt.Printf("%d passed, 1 failed\n", run.done)
		os.Exit(1)
	}
	fmt.Printf("%d passed, 0 failed\n", run.done)
}
