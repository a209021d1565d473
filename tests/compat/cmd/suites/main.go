// Command suites runs chosen tests of etcd's own suites, one process a test,
// against a server binary.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"etcdpp/tests/compat/internal/repo"
)

type options struct {
	server, reference, work, list, only string
	retries                             int
}

func main() {
	var o options
	flag.StringVar(&o.server, "etcd", repo.ServerUnderTest(), "the server under test")
	flag.StringVar(&o.reference, "reference", repo.Reference(), "folder made by build.sh")
	flag.StringVar(&o.work, "work", repo.Work("suites"), "folder for logs and data")
	flag.StringVar(&o.list, "list", filepath.Join(repo.Root(), "tests/compat/suites/one-node.txt"),
		"the tests to run")
	flag.StringVar(&o.only, "only", "", "run only tests whose name contains this")
	flag.IntVar(&o.retries, "retries", 0, "further tries of a test that failed, each told: many of etcd's tests count on a fast machine")
	flag.Parse()

	failed, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(o options) (anyFailed bool, err error) {
	tests, err := readList(o.list)
	if err != nil {
		return false, err
	}
	ports, err := lockPorts()
	if err != nil {
		return false, err
	}
	defer ports.Close()
	if err := becomeSubreaper(); err != nil {
		return false, err
	}
	place, err := newPlace(o)
	if err != nil {
		return false, err
	}
	counts := map[outcome]int{}
	for _, test := range tests {
		if o.only != "" && !strings.Contains(test.name, o.only) {
			continue
		}
		result := place.run(test)
		for again := 0; result.outcome == failed && again < o.retries; again++ {
			fmt.Printf("%-4s  %-13s  %-66s  %6.1fs  failed once: %s\n", result.outcome, test.suite, test.name, result.took.Seconds(), result.detail)
			result = place.run(test)
			result.detail += " at the next try"
		}
		counts[result.outcome]++
		fmt.Printf("%-4s  %-13s  %-66s  %6.1fs  %s\n", result.outcome, test.suite, test.name,
			result.took.Round(100*time.Millisecond).Seconds(), result.detail)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", counts[passed], counts[failed], counts[skipped])
	return counts[failed] > 0 || counts[passed] == 0, nil
}
