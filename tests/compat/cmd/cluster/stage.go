package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/cluster"
)

// stage is a cluster with writers at work on it, and a watch that follows them.
type stage struct {
	*cluster.Cluster
	options options
	load    *load
	watch   *watcher
}

func startStage(o options, name string, binaries []string) (*stage, error) {
	c, err := cluster.Start(cluster.Config{
		Folder:   filepath.Join(o.Work, name),
		Binaries: binaries,
		Args:     []string{fmt.Sprintf("--snapshot-count=%d", o.snapshotCount), "--snapshot-catchup-entries=50"},
	})
	if err != nil {
		return nil, err
	}
	s := &stage{Cluster: c, options: o, load: newLoad(), watch: newWatcher()}
	if err := s.resume(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// resume lets the writers and the watch go on, with clients of the members that
// there are now.
func (s *stage) resume() error {
	if err := s.watch.start(s.Endpoints()); err != nil {
		return err
	}
	return s.load.start(s.Endpoints(), s.options.writers)
}

func (s *stage) close() {
	s.load.stop()
	s.watch.stop()
	s.Close()
}

func (s *stage) allOurs() bool {
	for _, member := range s.Members {
		if member.Binary != s.options.Etcd {
			return false
		}
	}
	return true
}

// check stops the writers, waits until all members agree and looks for every
// acknowledged write on each of them, and in what the watch has told; then both go
// on.
func (s *stage) check() error {
	s.load.stop()
	if s.load.fresh.Load() == 0 {
		return errors.New("no write was acknowledged since the last check")
	}
	if err := s.Agree(); err != nil {
		return err
	}
	for _, member := range s.Members {
		err := member.Do(func(ctx context.Context, one *clientv3.Client) error { return s.load.verify(ctx, one) })
		if err != nil {
			return err
		}
	}
	if err := s.watch.verify(s.load.acked); err != nil {
		return err
	}
	s.watch.stop()
	return s.resume()
}
