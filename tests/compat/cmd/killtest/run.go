package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
	"etcdpp/tests/compat/internal/state"
)

const startLimit = 30 * time.Second

// run is the whole test: one data folder, its server and its writers.
type run struct {
	options
	random  *rand.Rand
	server  *etcdproc.Server
	writers []*writer
	shared  counter

	done, interruptedStarts int
	dbChecks                int
	startTotal, startMax    time.Duration
	began                   time.Time
}

func newRun(o options) (*run, error) {
	r := &run{options: o, random: rand.New(rand.NewSource(o.seed)), began: time.Now()}
	if err := os.RemoveAll(o.Work); err != nil {
		return r, err
	}
	for i := range o.clients {
		r.writers = append(r.writers, newWriter(fmt.Sprintf("writer-%d/", i), o.keys,
			rand.New(rand.NewSource(r.random.Int63())), &r.shared))
	}
	var err error
	r.server, err = etcdproc.New(etcdproc.Config{
		Binary:  o.Etcd,
		DataDir: filepath.Join(o.Work, "data"),
		LogPath: filepath.Join(o.Work, "server.log"),
		Args: []string{"--heartbeat-interval=20", "--election-timeout=200",
			"--snapshot-count=1000", "--log-level=warn"},
	})
	return r, err
}

func (r *run) play() error {
	defer func() { _ = r.server.Kill() }()
	for r.done = 0; r.done < r.cycles; r.done++ {
		if err := r.cycle(); err != nil {
			return fmt.Errorf("cycle %d: %w", r.done+1, err)
		}
	}
	return r.finish()
}

// cycle starts the server, checks what the last kill left, loads and kills.
func (r *run) cycle() error {
	if err := r.maybeInterruptStart(); err != nil {
		return err
	}
	if err := r.start(r.server.Binary); err != nil {
		return err
	}
	if err := r.settle(); err != nil {
		return err
	}
	if err := r.loadAndKill(); err != nil {
		return err
	}
	if err := r.plant(); err != nil {
		return err
	}
	if (r.done+1)%r.checkEvery == 0 {
		return r.checkFile()
	}
	return nil
}

// maybeInterruptStart kills, now and then, a server that is still recovering.
func (r *run) maybeInterruptStart() error {
	if r.random.Intn(10) != 0 {
		return nil
	}
	r.interruptedStarts++
	if err := r.server.Start(); err != nil {
		return err
	}
	time.Sleep(time.Duration(r.random.Intn(100)) * time.Millisecond)
	return r.server.Kill()
}

func (r *run) start(binary string) error {
	r.server.Binary = binary
	began := time.Now()
	// The warn level hides the ready line, so ask instead.
	if err := r.server.Start(); err != nil {
		return err
	}
	if err := r.waitAnswer(); err != nil {
		return err
	}
	took := time.Since(began)
	r.startTotal += took
	r.startMax = max(r.startMax, took)
	return nil
}

func (r *run) waitAnswer() error {
	raw, err := client.NewRaw(r.server.Endpoint())
	if err != nil {
		return err
	}
	defer raw.Close()
	return raw.WaitAnswer(startLimit, r.server.Running)
}

// settle checks every writer's keys, then the revision as a whole: it must be
// exactly the number of writes that are known to have happened.
func (r *run) settle() error {
	return r.withClient(func(ctx context.Context, c *clientv3.Client) error {
		var effective, highest, compacted int64
		for _, w := range r.writers {
			highest = max(highest, w.highest)
			compacted = max(compacted, w.compacted)
		}
		for _, w := range r.writers {
			if err := w.settle(ctx, c); err != nil {
				return err
			}
			if err := w.recall(ctx, c, compacted); err != nil {
				return err
			}
		}
		adopted, err := r.shared.settle(ctx, c)
		if err != nil {
			return err
		}
		r.writers[0].counts.adopted += adopted
		r.writers[0].effective += adopted
		for _, w := range r.writers {
			effective += w.effective
		}
		now, err := c.Get(ctx, "none")
		if err != nil {
			return err
		}
		revision := now.Header.Revision
		if revision < highest {
			return fmt.Errorf("revision went back from %d to %d", highest, revision)
		}
		if revision != 1+effective {
			return fmt.Errorf("revision is %d after %d writes", revision, effective)
		}
		return nil
	})
}

func (r *run) withClient(use func(context.Context, *clientv3.Client) error) error {
	c, err := client.V3(r.server.Endpoint())
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := client.Timeout(30 * time.Second)
	defer cancel()
	return use(ctx, c)
}

func (r *run) loadAndKill() error {
	var killing atomic.Bool
	var wait sync.WaitGroup
	loadContext, endLoad := context.WithCancel(context.Background())
	defer endLoad()
	failures := make([]error, len(r.writers))
	for i, w := range r.writers {
		wait.Go(func() {
			failures[i] = r.withClient(func(_ context.Context, c *clientv3.Client) error {
				return w.load(loadContext, c, &killing)
			})
		})
	}
	time.Sleep(r.minLoad + time.Duration(r.random.Int63n(int64(r.maxLoad-r.minLoad)+1)))
	diedEarly := !r.server.Running()
	killing.Store(true)
	err := r.server.Kill()
	endLoad() // else the client library goes on trying for seconds
	wait.Wait()
	if diedEarly {
		err = fmt.Errorf("the server ended by itself: %s", r.server.LastLines(3))
	}
	return errors.Join(append(failures, err)...)
}

// plant is the canary: it puts an old state back, which settle must notice.
func (r *run) plant() error {
	data, saved := r.server.DataDir, r.server.DataDir+".saved"
	switch r.done + 1 {
	case r.plantRollback - 1:
		return os.CopyFS(saved, os.DirFS(data))
	case r.plantRollback:
		if err := os.RemoveAll(data); err != nil {
			return err
		}
		return os.Rename(saved, data)
	}
	return nil
}

func (r *run) checkFile() error {
	ctx, cancel := client.Timeout(time.Minute)
	defer cancel()
	r.dbChecks++
	_, err := etcdproc.Run(ctx, filepath.Join(r.Reference, "bbolt"), "check",
		filepath.Join(r.server.DataDir, "member/snap/db"))
	return err
}

// finish checks the last kill's state, the file, and that Go etcd takes it over.
func (r *run) finish() error {
	if r.shared.acked.Load() < int64(r.done) {
		return fmt.Errorf("only %d increments were acknowledged in %d cycles",
			r.shared.acked.Load(), r.done)
	}
	if r.total().recalls == 0 {
		return errors.New("nothing was read at an old revision")
	}
	if err := r.checkFile(); err != nil {
		return err
	}
	if err := r.start(r.Etcd); err != nil {
		return err
	}
	if err := r.settle(); err != nil {
		return err
	}
	ours, err := state.Capture(r.server.Endpoint())
	if err != nil {
		return err
	}
	if err := r.server.Stop(); err != nil {
		return err
	}
	if err := r.checkFile(); err != nil {
		return err
	}
	if err := r.start(r.GoEtcd()); err != nil {
		return err
	}
	theirs, err := state.Capture(r.server.Endpoint())
	if err != nil {
		return err
	}
	return ours.SameMember(theirs)
}

// total is what all writers have done.
func (r *run) total() (sum counts) {
	for _, w := range r.writers {
		sum.puts += w.counts.puts
		sum.pairs += w.counts.pairs
		sum.deletes += w.counts.deletes
		sum.increments += w.counts.increments
		sum.reads += w.counts.reads
		sum.recalls += w.counts.recalls
		sum.compactions += w.counts.compactions
		sum.defrags += w.counts.defrags
		sum.doubtful += w.counts.doubtful
		sum.adopted += w.counts.adopted
	}
	return sum
}

func (r *run) figures() string {
	sum := r.total()
	var revision int64
	for _, w := range r.writers {
		revision = max(revision, w.highest)
	}
	starts := max(r.done, 1)
	return fmt.Sprintf(`seed %d, %d kills under load and %d during a start, in %s
acknowledged: %d puts, %d transactions, %d deletes, %d increments of a shared counter; %d reads, %d of old revisions, %d compactions, %d defragmentations
without an answer: %d writes, of which %d had happened
revision %d; %d checks of the db file; start to first answer: mean %s, longest %s`,
		r.seed, r.done, r.interruptedStarts, time.Since(r.began).Round(time.Second),
		sum.puts, sum.pairs, sum.deletes, sum.increments, sum.reads, sum.recalls, sum.compactions, sum.defrags,
		sum.doubtful, sum.adopted, revision, r.dbChecks,
		(r.startTotal / time.Duration(starts)).Round(time.Millisecond),
		r.startMax.Round(time.Millisecond))
}
