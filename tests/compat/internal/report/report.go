// Package report counts the outcomes of named checks and prints them.
package report

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// Report collects outcomes. Safe for use by several goroutines.
type Report struct {
	mu                      sync.Mutex
	out                     io.Writer
	passed, failed, skipped int
}

// New returns a report that prints to standard output.
func New() *Report { return &Report{out: os.Stdout} }

// Pass records and prints a check that held.
func (r *Report) Pass(name, detail string) { r.add(&r.passed, "PASS", name, detail) }

// Fail records and prints a check that did not hold, and why.
func (r *Report) Fail(name, detail string) { r.add(&r.failed, "FAIL", name, detail) }

// Skip records a check that could not be made here, and why.
func (r *Report) Skip(name, detail string) { r.add(&r.skipped, "SKIP", name, detail) }

// Outcome records a pass when err is nil, else a failure with err's text.
func (r *Report) Outcome(name, detail string, err error) {
	if err != nil {
		r.Fail(name, err.Error())
		return
	}
	r.Pass(name, detail)
}

func (r *Report) add(counter *int, word, name, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*counter++
	if detail != "" {
		detail = "  " + detail
	}
	fmt.Fprintf(r.out, "%s  %-68s%s\n", word, name, detail)
}

// Close prints the closing line and returns the process's exit code.
func (r *Report) Close() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := fmt.Sprintf("%d passed, %d failed", r.passed, r.failed)
	if r.skipped > 0 {
		line += fmt.Sprintf(", %d skipped", r.skipped)
	}
	fmt.Fprintln(r.out, line)
	if r.failed > 0 || r.passed == 0 {
		return 1
	}
	return 0
}
