// Command suites runs chosen tests of etcd's own suites, one process a test,
// against a server binary.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"etcdpp/tests/compat/internal/repo"
)

type options struct {
	repo.Paths
	list, only    string
	retries, jobs int
	goProxies     bool
}

func main() {
	var o options
	o.AddFlags("suites")
	flag.StringVar(&o.list, "list", filepath.Join(repo.Root(), "tests/compat/suites/one-node.txt"),
		"the tests to run")
	flag.StringVar(&o.only, "only", "", "run only tests whose name contains this")
	flag.IntVar(&o.retries, "retries", 0, "further tries of a test that failed, each told: many of etcd's tests count on a fast machine")
	flag.IntVar(&o.jobs, "jobs", 1, "tests at a time, each in a network of its own, as root; one otherwise")
	flag.BoolVar(&o.goProxies, "go-proxies", false, "`etcd gateway` and `etcd grpc-proxy` are those of Go etcd")
	flag.Parse()
	o.MustExist()

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
	isolates := canIsolate()
	if !isolates {
		o.jobs = 1
		ports, err := lockPorts()
		if err != nil {
			return false, err
		}
		defer ports.Close()
		if err := becomeSubreaper(); err != nil {
			return false, err
		}
	}
	place, err := newPlace(o, isolates)
	if err != nil {
		return false, err
	}
	counts := runAll(o, place, tests)
	fmt.Printf("%d passed, %d failed, %d skipped\n", counts[passed], counts[failed], counts[skipped])
	return counts[failed] > 0 || counts[passed] == 0, nil
}

// runAll runs the chosen tests, o.jobs at a time, and counts what came of them.
func runAll(o options, place *place, tests []test) map[outcome]int {
	next := make(chan test)
	outcomes := make(chan outcome)
	var workers sync.WaitGroup
	for number := range o.jobs {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for test := range next {
				outcomes <- runTold(o, place, test, number)
			}
		}()
	}
	go func() {
		for _, test := range tests {
			if strings.Contains(test.name, o.only) {
				next <- test
			}
		}
		close(next)
		workers.Wait()
		close(outcomes)
	}()
	counts := map[outcome]int{}
	for outcome := range outcomes {
		counts[outcome]++
	}
	return counts
}

// runTold runs one test, once more if it may, and tells of each try.
func runTold(o options, place *place, test test, number int) outcome {
	result := place.run(test, number)
	for again := 0; result.outcome == failed && again < o.retries; again++ {
		fmt.Printf("%-4s  %-13s  %-66s  %6.1fs  failed once: %s\n", result.outcome, test.suite, test.name, result.took.Seconds(), result.detail)
		result = place.run(test, number)
		result.detail += " at the next try"
	}
	fmt.Printf("%-4s  %-13s  %-66s  %6.1fs  %s\n", result.outcome, test.suite, test.name,
		result.took.Round(100*time.Millisecond).Seconds(), result.detail)
	return result.outcome
}
