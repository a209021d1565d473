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
	repo.Paths
	only                  string
	cycles, clients, keys int
	seed                  int64
	pause, fault          time.Duration
	mixed                 bool
}

func main() {
	var o options
	o.AddFlags("faults")
	flag.StringVar(&o.only, "only", "", "only faults whose names contain this")
	flag.IntVar(&o.cycles, "cycles", 5, "of each fault")
	flag.IntVar(&o.clients, "clients", 6, "clients at a time, at least one for each member")
	flag.IntVar(&o.keys, "keys", 5, "keys that they share")
	flag.Int64Var(&o.seed, "seed", time.Now().UnixNano(), "of the choices")
	flag.DurationVar(&o.pause, "pause", 10*time.Second, "how long a member stands still")
	flag.DurationVar(&o.fault, "fault", 3*time.Second, "how long a cut lasts, or a killed member is away; idle members speak every 1.7s")
	flag.BoolVar(&o.mixed, "mixed", false, "one member is Go etcd")
	flag.Parse()
	o.MustExist()

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
	folder := filepath.Join(o.Work, f.name)
	s, err := startStage(folder, o)
	if err != nil {
		return err
	}
	defer s.close()
	h, err := newHistory(s.Endpoints(), o)
	if err != nil {
		return err
	}
	defer h.close()
	h.record()
	random := rand.New(rand.NewSource(o.seed))
	for cycle := range o.cycles {
		if err := s.cycle(f, h, random); err != nil {
			return fmt.Errorf("cycle %d: %w", cycle, err)
		}
	}
	time.Sleep(calm)
	h.stop()
	if err := s.Agree(); err != nil {
		return err
	}
	if err := h.readAll(); err != nil {
		return err
	}
	return s.judge(h, filepath.Join(folder, "history.html"))
}

const (
	calm = time.Second // before each fault
	// Answers of each member in a cycle, below which nothing has been tested: a
	// hundred and more come in the calm alone.
	fewestAnswers = 20
)

// cycle is a calm, the fault, and the time until all members serve again.
func (s *stage) cycle(f fault, h *history, random *rand.Rand) error {
	before := h.answersOf()
	time.Sleep(calm)
	if err := f.cause(s, random); err != nil {
		return err
	}
	if err := s.serve(); err != nil {
		return fmt.Errorf("afterwards: %w", err)
	}
	for i, now := range h.answersOf() {
		if done := now - before[i]; done < fewestAnswers {
			return fmt.Errorf("%s has answered only %d operations", s.Members[i].Name, done)
		}
	}
	return nil
}
