// Command swap exchanges Go etcd for the server under test on one data folder
// and back again, and moves snapshots between them.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

type options struct {
	server, reference, work string
	keys                    int
	seed                    int64
	keep                    bool
}

func main() {
	var o options
	flag.StringVar(&o.server, "etcd", repo.ServerUnderTest(), "the server under test")
	flag.StringVar(&o.reference, "reference", repo.Reference(), "folder made by build.sh")
	flag.StringVar(&o.work, "work", repo.Work("swap"), "folder for logs and data")
	flag.IntVar(&o.keys, "keys", 1000, "keys that each server writes")
	flag.Int64Var(&o.seed, "seed", 1, "seed of the written data")
	flag.BoolVar(&o.keep, "keep", false, "keep the data folders of scenes that passed")
	flag.Parse()

	if _, err := os.Stat(o.server); err != nil {
		fmt.Fprintln(os.Stderr, "swap:", err)
		os.Exit(2)
	}
	results := report.New()
	for _, variant := range []struct {
		name string
		stop syscall.Signal
	}{{"SIGTERM", syscall.SIGTERM}, {"SIGKILL", syscall.SIGKILL}} {
		s := &scene{options: o, name: variant.name, stop: variant.stop, report: results}
		s.work = filepath.Join(o.work, variant.name)
		s.play()
	}
	os.Exit(results.Close())
}
