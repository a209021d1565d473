// Command go exercises a server through etcd's own Go client and the packages
// that come with it. It is started by cmd/clients, whose README says what the
// lines it prints mean.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// checkLimit is what one check may take, waiting for leases to expire included.
const checkLimit = 40 * time.Second

type check struct {
	name string
	run  func(*test)
}

// test is what a running check works with. Its methods end the check when
// something isn't as it should be; they are for the check's own goroutine.
type test struct {
	ctx    context.Context
	client *clientv3.Client
	prefix string // the keys of this check begin with it
}

type failure string

func (t *test) fail(format string, arguments ...any) {
	panic(failure(fmt.Sprintf(format, arguments...)))
}

func (t *test) must(err error) {
	if err != nil {
		t.fail("%v", err)
	}
}

// equal compares two values by how they print.
func (t *test) equal(what string, got, want any) {
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.fail("%s is %s, not %s", what, g, w)
	}
}

// must1 is the value of a call that has to succeed.
func must1[T any](value T, err error) T {
	if err != nil {
		panic(failure(err.Error()))
	}
	return value
}

// together runs work(0) ... work(n-1) at the same time and returns the first error.
func together(n int, work func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- work(i) }()
	}
	var first error
	for range n {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

var (
	passed, failed int
	endpoint       string
	stdin          = bufio.NewReader(os.Stdin)
)

// connect opens a further client; the first one is in test.
func connect() *clientv3.Client {
	return must1(clientv3.New(clientv3.Config{
		Endpoints:   []string{endpoint},
		DialTimeout: 5 * time.Second,
		Logger:      zap.NewNop(),
	}))
}

// restartServer has the server killed and started again.
func restartServer() {
	fmt.Println("RESTART")
	must1(stdin.ReadString('\n'))
}

// run is the check's problem, or nil. A check that hangs is left behind: not
// every package of the client takes a context.
func run(client *clientv3.Client, c check) error {
	ctx, cancel := context.WithTimeout(context.Background(), checkLimit)
	defer cancel()
	outcome := make(chan error, 1)
	go func() { outcome <- runInside(ctx, client, c) }()
	select {
	case err := <-outcome:
		return err
	case <-time.After(checkLimit + time.Second):
		return fmt.Errorf("still running")
	}
}

func runInside(ctx context.Context, client *clientv3.Client, c check) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			text, ours := problem.(failure)
			if !ours {
				panic(problem)
			}
			err = fmt.Errorf("%s", string(text))
		}
	}()
	c.run(&test{ctx: ctx, client: client, prefix: "/" + c.name + "/"})
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go HOST:PORT")
		os.Exit(2)
	}
	endpoint = os.Args[1]
	client := connect()
	defer client.Close()
	for _, group := range [][]check{kvChecks, txnChecks, watchChecks, leaseChecks, concurrencyChecks,
		serviceChecks, wrapperChecks, recipeChecks, memberChecks, restartChecks} {
		for _, c := range group {
			if err := run(client, c); err != nil {
				failed++
				fmt.Printf("FAIL %s: %v\n", c.name, err)
				continue
			}
			passed++
			fmt.Printf("PASS %s\n", c.name)
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
