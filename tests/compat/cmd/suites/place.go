package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

type outcome string

const (
	passed  outcome = "PASS"
	failed  outcome = "FAIL"
	skipped outcome = "SKIP"
)

type result struct {
	outcome outcome
	detail  string
	took    time.Duration
}

// place is the folder that looks to the suites like etcd's source tree:
// <work>/bin with the three programs, <work>/tests/fixtures, and
// <work>/tests/here<number> as working folder, so that their relative paths hold.
type place struct {
	work, reference string
	isolates        bool
}

func newPlace(o options, isolates bool) (*place, error) {
	p := &place{isolates: isolates}
	for _, path := range []struct {
		into *string
		from string
	}{{&p.work, o.Work}, {&p.reference, o.Reference}, {&o.Etcd, o.Etcd}} {
		absolute, err := filepath.Abs(path.from)
		if err != nil {
			return nil, err
		}
		*path.into = absolute
	}
	for _, folder := range []string{"bin", "tests", "logs"} {
		if err := os.RemoveAll(filepath.Join(p.work, folder)); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Join(p.work, folder), 0o755); err != nil {
			return nil, err
		}
	}
	links := map[string]string{
		"bin/etcdctl":    p.tool(o.Etcd, "etcdctl"),
		"bin/etcdutl":    p.tool(o.Etcd, "etcdutl"),
		"tests/fixtures": filepath.Join(p.reference, "fixtures"),
	}
	for name, target := range links {
		if _, err := os.Stat(target); err != nil {
			return nil, err
		}
		if err := os.Symlink(target, filepath.Join(p.work, name)); err != nil {
			return nil, err
		}
	}
	if err := p.placeServer(o); err != nil {
		return nil, err
	}
	// Tests of mixed versions are skipped without the first, and one test fails
	// without the second, which etcd's modules don't have: see docs/compat-suites.md.
	return p, p.linkIfThere(map[string]string{
		"bin/etcd-last-release": "etcd-last-release",
		"etcd.conf.yml.sample":  "etcd.conf.yml.sample",
	})
}

func (p *place) linkIfThere(links map[string]string) error {
	for name, target := range links {
		if err := os.Remove(filepath.Join(p.work, name)); err != nil && !os.IsNotExist(err) {
			return err
		}
		target = filepath.Join(p.reference, target)
		if _, err := os.Stat(target); err != nil {
			continue
		}
		if err := os.Symlink(target, filepath.Join(p.work, name)); err != nil {
			return err
		}
	}
	return nil
}

// placeServer makes bin/etcd: the server under test, or a script that hands what
// it has no command for to Go's.
func (p *place) placeServer(o options) error {
	path := filepath.Join(p.work, "bin/etcd")
	if !o.goProxies {
		return os.Symlink(o.Etcd, path)
	}
	script := fmt.Sprintf("#!/bin/sh\ncase $1 in gateway | grpc-proxy) exec '%s' \"$@\" ;; *) exec '%s' \"$@\" ;; esac\n",
		filepath.Join(p.reference, "etcd"), o.Etcd)
	return os.WriteFile(path, []byte(script), 0o755)
}

// tool is the program beside the server under test, or else Go's.
func (p *place) tool(server, name string) string {
	own := filepath.Join(filepath.Dir(server), name)
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(p.reference, name)
}

// run runs one test in a process of its own and leaves nothing behind. Calls at
// the same time have different numbers.
func (p *place) run(t test, number int) result {
	folder := filepath.Join(p.work, "tests", fmt.Sprint("here", number))
	logPath := filepath.Join(p.work, "logs", t.fileName()+".log")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return result{outcome: failed, detail: err.Error()}
	}
	defer os.RemoveAll(folder)

	started := time.Now()
	output, err := p.execute(t, folder)
	if !p.isolates {
		killOrphans()
	}
	took := time.Since(started)
	if writeErr := os.WriteFile(logPath, output, 0o644); writeErr != nil {
		return result{outcome: failed, detail: writeErr.Error(), took: took}
	}
	verdict := judge(t, string(output), err)
	verdict.took = took
	if verdict.outcome == failed {
		verdict.detail += " (" + logPath + ")"
	}
	return verdict
}

func (p *place) execute(t test, folder string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), t.timeout+5*time.Second)
	defer cancel()
	// Tests make unix sockets there, whose paths must be short.
	temporary, err := os.MkdirTemp("", "etcd")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)
	start := exec.CommandContext
	if p.isolates {
		start = isolatedCommand
	}
	command := start(ctx, filepath.Join(p.reference, t.suite+".test"),
		"-test.v", "-test.count=1", "-test.run="+t.pattern(), "-test.timeout="+t.timeout.String(),
		"-bin-dir="+filepath.Join(p.work, "bin"))
	command.Dir = folder
	command.Env = append(os.Environ(), "TMPDIR="+temporary)
	command.WaitDelay = time.Second
	return command.CombinedOutput()
}

// leavesOnlyChildren tells whether what failed is the suites' check, after the last
// test of a process, for goroutines that still run, and these only wait for children
// that were told to stop. Where more tests follow, they are gone by then.
func leavesOnlyChildren(output string) bool {
	_, left, found := strings.Cut(output, "Unexpected goroutines running after all test(s).\n")
	return found && strings.Count(left, " instances of:\n") == strings.Count(left, "created by go.etcd.io/etcd/pkg/v3/expect.NewExpectWithEnv")
}

// judge reads the verdict of a test from the output of `-test.v`. A parent whose
// subtests were all skipped counts as skipped, though Go calls it passed.
func judge(t test, output string, err error) result {
	verdicts := map[outcome]int{}
	var own outcome
	for _, match := range verdictLine.FindAllStringSubmatch(output, -1) {
		if match[2] == t.name {
			own = outcome(match[1])
		}
		if strings.HasPrefix(match[2], t.name+"/") {
			verdicts[outcome(match[1])]++
		}
	}
	switch {
	case own == "" && err == nil:
		return result{outcome: failed, detail: "no such test"}
	case own == passed && leavesOnlyChildren(output):
		return result{outcome: passed, detail: "(its child was left to end)"}
	case own == failed || err != nil:
		return result{outcome: failed, detail: fmt.Sprint(err)}
	case own == skipped || verdicts[passed] == 0 && verdicts[skipped] > 0:
		return result{outcome: skipped}
	default:
		return result{outcome: passed}
	}
}

var verdictLine = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+) \(`)
