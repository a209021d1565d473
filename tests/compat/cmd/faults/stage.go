package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/cluster"
	"etcdpp/tests/compat/internal/wait"
)

const members = 3

// stage is a cluster of three whose members reach each other through a network
// that can be cut.
type stage struct {
	*cluster.Cluster
	options options
	network *network
}

func startStage(folder string, o options) (*stage, error) {
	first := o.Etcd
	if o.mixed {
		first = o.GoEtcd()
	}
	s := &stage{options: o, network: newNetwork()}
	var err error
	s.Cluster, err = cluster.Start(cluster.Config{
		Folder:   folder,
		Binaries: []string{first, o.Etcd, o.Etcd},
		Args:     []string{"--snapshot-count=1000"},
		PeerURL:  s.network.open,
	})
	if err != nil {
		s.network.close()
		return nil, err
	}
	for i, member := range s.Members {
		id, err := member.ID()
		if err != nil {
			s.close()
			return nil, err
		}
		s.network.learn(id, i)
	}
	return s, nil
}

func (s *stage) close() {
	s.Close()
	s.network.close()
}

// serve waits until every member takes writes again.
func (s *stage) serve() error {
	for _, member := range s.Members {
		err := wait.Until(cluster.ReadyWithin, 50*time.Millisecond, func() error {
			return member.Do(func(ctx context.Context, one *clientv3.Client) error {
				_, err := one.Put(ctx, "waiting", member.Name)
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("does not serve: %w", err)
		}
	}
	return nil
}

func (s *stage) signal(member int, signal syscall.Signal) error {
	return syscall.Kill(s.Members[member].Pid(), signal)
}
