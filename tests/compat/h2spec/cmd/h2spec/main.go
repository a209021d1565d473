// Command h2spec runs the conformance tests of that name for HTTP/2 and HPACK
// against the server under test. What is known not to pass is listed here, each
// with its reason; anything else that fails is a failure, and so is a listed one
// that passes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"etcdpp/tests/compat/internal/etcdproc"
	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

// known maps a case that does not pass to the reason.
var known = map[string]string{
	"http2/5.1/8":  passedOver,
	"http2/5.1/9":  passedOver,
	"http2/5.1/11": passedOver,
	"http2/5.1/12": passedOver,
}

// racing are cases that send more on a request that is complete: a frame that
// comes before the answer has left is refused as it should be, a later one finds
// the stream closed and is passed over.
var racing = map[string]bool{
	"http2/5.1/5": true,
	"http2/5.1/6": true,
	"http2/6.1/2": true,
}

const passedOver = "nghttp2 passes over frames on streams that are closed: they may have crossed our answer, and harm nobody"

func main() {
	server := flag.String("etcd", repo.ServerUnderTest(), "the server under test")
	work := flag.String("work", repo.Work("h2spec"), "folder for logs and data")
	only := flag.String("only", "", "run only cases whose id begins with this")
	timeout := flag.Duration("timeout", 2*time.Second, "how long a case waits for the server")
	flag.Parse()

	member, err := start(*server, *work)
	if err != nil {
		fmt.Fprintln(os.Stderr, "h2spec:", err)
		os.Exit(2)
	}
	c := &config.Config{Host: "127.0.0.1", Port: member.ClientPort, Path: "/version", Timeout: *timeout, MaxHeaderLen: 4000,
		Strict: true}
	results := report.New()
	for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
		runGroup(c, group, *only, results)
	}
	if !member.Running() {
		results.Fail("the server lives", member.LastLines(5))
	}
	_ = member.Kill()
	os.Exit(results.Close())
}

func start(binary, work string) (*etcdproc.Server, error) {
	if err := os.RemoveAll(work); err != nil {
		return nil, err
	}
	member, err := etcdproc.New(etcdproc.Config{
		Binary:  binary,
		DataDir: filepath.Join(work, "data"),
		LogPath: filepath.Join(work, "log"),
	})
	if err != nil {
		return nil, err
	}
	return member, member.StartReady(30 * time.Second)
}

func runGroup(c *config.Config, group *spec.TestGroup, only string, results *report.Report) {
	for i, test := range append(group.Tests, group.StrictTests...) {
		id := fmt.Sprintf("%s/%d", group.ID(), i+1)
		if strings.HasPrefix(id, only) {
			judge(id, test, run(c, test), results)
		}
	}
	for _, inner := range group.Groups {
		runGroup(c, inner, only, results)
	}
}

func run(c *config.Config, test *spec.TestCase) error {
	conn, err := spec.Dial(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	return test.Run(c, conn)
}

func judge(id string, test *spec.TestCase, outcome error, results *report.Report) {
	name := id + " " + test.Desc
	reason, isKnown := known[id]
	var details *spec.TestError
	switch {
	case errors.Is(outcome, spec.ErrSkipped):
		results.Skip(name, "h2spec skips it")
	case outcome == nil && isKnown:
		results.Fail(name, "passes now: take it off the list")
	case outcome == nil:
		results.Pass(name, "")
	case isKnown:
		results.Skip(name, reason)
	case racing[id]:
		results.Skip(name, passedOver)
	case errors.As(outcome, &details):
		results.Fail(name, fmt.Sprintf("%s\n      expected: %s\n      got: %s", test.Requirement,
			strings.Join(details.Expected, "; "), details.Actual))
	default:
		results.Fail(name, outcome.Error())
	}
}
