package main

import (
	"context"
	"fmt"
	"time"

	"etcdpp/tests/compat/kube/internal/etcdproc"
	"etcdpp/tests/compat/kube/internal/report"
)

// catchUpLimit is what a watch may lag behind the last write.
const catchUpLimit = time.Minute

// fill writes all objects, kills etcd and starts it again in the middle, and
// checks what the watches saw of it.
func fill(ctx context.Context, o options, etcd *etcdproc.Server, kinds []*kind, results *report.Report) error {
	var followers []*follower
	for _, k := range kinds {
		f, err := follow(ctx, k)
		if err != nil {
			return err
		}
		followers = append(followers, f)
	}
	begun := time.Now()
	written := make(chan error, 1)
	go func() { written <- writeAll(ctx, kinds, o.objects, o.workers) }()
	if err := waitHalf(kinds, o.objects, written); err != nil {
		return err
	}
	away := time.Now()
	if err := etcd.Kill(); err != nil {
		return err
	}
	if err := etcd.StartReady(time.Minute); err != nil {
		return err
	}
	results.Pass("etcd was killed and started again under load", time.Since(away).Round(time.Millisecond).String())
	if err := <-written; err != nil {
		return err
	}
	took := time.Since(begun)
	for i, k := range kinds {
		results.Pass(k.name+": written", fmt.Sprintf("%d in %s", k.ledger.progress(), took.Round(time.Second)))
		events, err := followers[i].catchUp(catchUpLimit)
		results.Outcome(k.name+": the watch saw every change, in order, once", fmt.Sprintf("%d events", events), err)
	}
	return nil
}

// waitHalf returns once half of the objects are finished, or with the error that
// ended the writing before that.
func waitHalf(kinds []*kind, objects int, written <-chan error) error {
	for {
		finished := 0
		for _, k := range kinds {
			finished += k.ledger.progress()
		}
		if finished >= objects*len(kinds)/2 {
			return nil
		}
		select {
		case err := <-written:
			return fmt.Errorf("the writing ended after %d objects: %w", finished, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
