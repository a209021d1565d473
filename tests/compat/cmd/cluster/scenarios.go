package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/cluster"
	"etcdpp/tests/compat/internal/wait"
)

// killInTurn kills the leader, then a follower, and so on; each comes back.
func killInTurn(s *stage) error {
	for round := range s.options.rounds {
		time.Sleep(s.options.load)
		leader, err := s.Leader()
		if err != nil {
			return err
		}
		victim := s.Members[(leader+round%2)%len(s.Members)]
		if err := victim.Kill(); err != nil {
			return err
		}
		time.Sleep(s.options.load)
		if err := victim.StartReady(cluster.ReadyWithin); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("round %d, after %s was killed: %w", round, victim.Name, err)
		}
	}
	return nil
}

// leadInTurn hands the leadership to every member.
func leadInTurn(s *stage) error {
	for to, member := range s.Members {
		time.Sleep(s.options.load)
		if err := s.handOver(to); err != nil {
			return err
		}
		time.Sleep(s.options.load)
		if err := s.check(); err != nil {
			return fmt.Errorf("%s leads: %w", member.Name, err)
		}
	}
	return nil
}

// handOver makes a member lead, if it does not yet.
func (s *stage) handOver(to int) error {
	leader, err := s.Leader()
	if err != nil || leader == to {
		return err
	}
	id, err := s.Members[to].ID()
	if err != nil {
		return err
	}
	err = s.Members[leader].Do(func(ctx context.Context, one *clientv3.Client) error {
		_, err := one.MoveLeader(ctx, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("moving the leadership to %s: %w", s.Members[to].Name, err)
	}
	return wait.Until(5*time.Second, 50*time.Millisecond, func() error {
		now, err := s.Leader()
		if err == nil && now != to {
			err = fmt.Errorf("%s was to lead, %s does", s.Members[to].Name, s.Members[now].Name)
		}
		return err
	})
}

// catchUp keeps each member away until the others have forgotten what it lacks,
// so that it needs a snapshot. A Go leader that has just sent one forgets nothing
// for 30 seconds, so with Go members one snapshot is enough.
func catchUp(s *stage) error {
	needed := 0
	for _, away := range s.Members {
		if err := away.Kill(); err != nil {
			return err
		}
		if err := s.written(1000); err != nil {
			return fmt.Errorf("with %s away: %w", away.Name, err)
		}
		if err := away.StartReady(cluster.ReadyWithin); err != nil {
			return err
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("after %s was away: %w", away.Name, err)
		}
		if err := away.WaitLog("applied snapshot", time.Second); err == nil {
			needed++
		} else if s.allOurs() {
			return fmt.Errorf("no snapshot was needed: %w", err)
		}
	}
	if needed == 0 {
		return errors.New("no snapshot was needed")
	}
	return nil
}

// written waits for that many more acknowledged writes.
func (s *stage) written(more int64) error {
	before := s.load.fresh.Load()
	return wait.Until(cluster.ReadyWithin, 10*time.Millisecond, func() error {
		if done := s.load.fresh.Load() - before; done < more {
			return fmt.Errorf("only %d writes were acknowledged", done)
		}
		return nil
	})
}

// replaceAll begins with members of both kinds, exchanges each one of Go's for
// one of ours, lets each lead, and does the same back.
func replaceAll(s *stage) error {
	binaries := []string{s.options.Etcd}
	if s.options.back {
		binaries = append(binaries, s.Members[0].Binary)
	}
	for range s.options.replacements {
		for _, binary := range binaries {
			if err := s.replaceThoseNot(binary); err != nil {
				return err
			}
			if err := leadInTurn(s); err != nil {
				return fmt.Errorf("all are %s: %w", binary, err)
			}
		}
	}
	return nil
}

func (s *stage) replaceThoseNot(binary string) error {
	for i := range s.Members {
		if s.Members[i].Binary == binary {
			continue
		}
		time.Sleep(s.options.load)
		if err := s.replace(i, binary); err != nil {
			return fmt.Errorf("replacing member %d by %s: %w", i, binary, err)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("after replacing member %d by %s: %w", i, binary, err)
		}
	}
	return nil
}

// replace removes a member and adds a new one in its place.
func (s *stage) replace(i int, binary string) error {
	old, other := s.Members[i], s.Members[(i+1)%len(s.Members)]
	id, err := old.ID()
	if err != nil {
		return err
	}
	if err := change(other, func(ctx context.Context, one *clientv3.Client) error {
		_, err := one.MemberRemove(ctx, id)
		return err
	}); err != nil {
		return fmt.Errorf("removing: %w", err)
	}
	if _, err := old.WaitExit(cluster.ReadyWithin); err != nil {
		return fmt.Errorf("a removed member: %w", err)
	}
	member, err := s.NewMember(binary)
	if err != nil {
		return err
	}
	if err := change(other, func(ctx context.Context, one *clientv3.Client) error {
		_, err := one.MemberAdd(ctx, []string{member.PeerURL})
		return err
	}); err != nil {
		return fmt.Errorf("adding: %w", err)
	}
	s.Members[i] = member
	member.Args = append(member.Args, s.InitialCluster(), "--initial-cluster-state=existing")
	return member.StartReady(cluster.ReadyWithin)
}

// change asks a member to change the cluster until it does: it takes a change only
// after the members have been connected for five seconds.
func change(member *cluster.Member, work func(context.Context, *clientv3.Client) error) error {
	return wait.Until(cluster.ReadyWithin, 200*time.Millisecond, func() error { return member.Do(work) })
}
