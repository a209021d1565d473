// Command swap exchanges Go etcd for the server under test on one data folder
// and back again, and moves snapshots between them.
package main

import (
	"flag"
	"os"
	"path/filepath"
	"syscall"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	repo.Paths
	keys int
	seed int64
	keep bool
}

func main() {
	var o options
	o.AddFlags("swap")
	flag.IntVar(&o.keys, "keys", 1000, "keys that each server writes")
	flag.Int64Var(&o.seed, "seed", 1, "seed of the written data")
	flag.BoolVar(&o.keep, "keep", false, "keep the data folders of scenes that passed")
	flag.Parse()

	o.MustExist()
	results := report.New()
	for _, variant := range []struct {
		name string
		stop syscall.Signal
	}{{"SIGTERM", syscall.SIGTERM}, {"SIGKILL", syscall.SIGKILL}} {
		s := &scene{options: o, name: variant.name, stop: variant.stop, report: results}
		s.Work = filepath.Join(o.Work, variant.name)
		s.play()
	}
	os.Exit(results.Close())
}
