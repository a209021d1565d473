package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// killInTurn kills the leader, then a follower, and so on; each comes back.
func killInTurn(c *cluster) error {
	for round := range c.options.rounds {
		time.Sleep(c.options.load)
		leader, err := c.leader()
		if err != nil {
			return err
		}
		victim := c.members[(leader+round%2)%len(c.members)]
		if err := victim.Kill(); err != nil {
			return err
		}
		time.Sleep(c.options.load)
		if err := victim.StartReady(readyWithin); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("round %d, after %s was killed: %w", round, nameOf(victim), err)
		}
	}
	return nil
}

// leadInTurn hands the leadership to every member.
func leadInTurn(c *cluster) error {
	for to := range c.members {
		time.Sleep(c.options.load)
		ids, leader, err := c.idsAndLeader()
		if err != nil {
			return err
		}
		if leader != to {
			err := on(c.members[leader], func(ctx context.Context, one *clientv3.Client) error {
				_, err := one.MoveLeader(ctx, ids[to])
				return err
			})
			if err != nil {
				return fmt.Errorf("moving the leadership from %s to %s: %w", nameOf(c.members[leader]), nameOf(c.members[to]), err)
			}
		}
		if now, err := c.leader(); err != nil || now != to {
			return fmt.Errorf("%s was to lead, %d does: %v", nameOf(c.members[to]), now, err)
		}
		time.Sleep(c.options.load)
		if err := c.check(); err != nil {
			return fmt.Errorf("%s leads: %w", nameOf(c.members[to]), err)
		}
	}
	return nil
}

// catchUp keeps each member away until the others have forgotten what it lacks,
// so that it needs a snapshot. A Go leader that has just sent one forgets nothing
// for 30 seconds, so with Go members one snapshot is enough.
func catchUp(c *cluster) error {
	needed := 0
	for _, away := range c.members {
		if err := away.Kill(); err != nil {
			return err
		}
		before := c.load.fresh.Load()
		for deadline := time.Now().Add(readyWithin); c.load.fresh.Load() < before+1000; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				return fmt.Errorf("with %s away hardly anything was written", nameOf(away))
			}
		}
		if err := away.StartReady(readyWithin); err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("after %s was away: %w", nameOf(away), err)
		}
		if err := away.WaitLog("applied snapshot", time.Second); err == nil {
			needed++
		} else if c.allOurs() {
			return fmt.Errorf("no snapshot was needed: %w", err)
		}
	}
	if needed == 0 {
		return errors.New("no snapshot was needed")
	}
	return nil
}

// replaceAll begins with members of both kinds, exchanges each one of Go's for
// one of ours, lets each lead, and does the same back.
func replaceAll(c *cluster) error {
	binaries := []string{c.options.server}
	if c.options.back {
		binaries = append(binaries, c.members[0].Binary)
	}
	for range c.options.replacements {
		for _, binary := range binaries {
			for i := range c.members {
				if c.members[i].Binary == binary {
					continue
				}
				time.Sleep(c.options.load)
				if err := c.replace(i, binary); err != nil {
					return fmt.Errorf("replacing member %d by %s: %w", i, binary, err)
				}
				if err := c.check(); err != nil {
					return fmt.Errorf("after replacing member %d by %s: %w", i, binary, err)
				}
			}
			if err := leadInTurn(c); err != nil {
				return fmt.Errorf("all are %s: %w", binary, err)
			}
		}
	}
	return nil
}

// replace removes a member and adds a new one in its place. A cluster takes a
// change only after its members have been connected for five seconds.
func (c *cluster) replace(i int, binary string) error {
	ids, _, err := c.idsAndLeader()
	if err != nil {
		return err
	}
	other := c.members[(i+1)%len(c.members)]
	change := func(work func(context.Context, *clientv3.Client) error) error {
		var last error
		for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
			if last = on(other, work); last == nil {
				return nil
			}
		}
		return last
	}
	if err := change(func(ctx context.Context, one *clientv3.Client) error {
		_, err := one.MemberRemove(ctx, ids[i])
		return err
	}); err != nil {
		return fmt.Errorf("removing: %w", err)
	}
	if _, err := c.members[i].WaitExit(readyWithin); err != nil {
		return fmt.Errorf("a removed member: %w", err)
	}
	member, err := c.newMember(binary)
	if err != nil {
		return err
	}
	if err := change(func(ctx context.Context, one *clientv3.Client) error {
		_, err := one.MemberAdd(ctx, []string{peerURL(member)})
		return err
	}); err != nil {
		return fmt.Errorf("adding: %w", err)
	}
	c.members[i] = member
	member.Args = append(member.Args, c.initialCluster(), "--initial-cluster-state=existing")
	return member.StartReady(readyWithin)
}
