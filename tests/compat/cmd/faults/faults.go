package main

import (
	"fmt"
	"math/rand"
	"syscall"
	"time"
)

// fault is one thing that goes wrong; cause returns once it is over.
type fault struct {
	name  string
	cause func(*cluster, *rand.Rand) error
}

var faults = []fault{
	{"kill-leader", func(c *cluster, _ *rand.Rand) error { return c.withLeader(c.killed) }},
	{"kill-follower", func(c *cluster, r *rand.Rand) error { return c.withFollower(r, c.killed) }},
	{"kill-all", func(c *cluster, _ *rand.Rand) error { return c.allKilled() }},
	{"pause-leader", func(c *cluster, _ *rand.Rand) error { return c.withLeader(c.paused) }},
	{"pause-follower", func(c *cluster, r *rand.Rand) error { return c.withFollower(r, c.paused) }},
	{"cut-leader", func(c *cluster, _ *rand.Rand) error { return c.withLeader(c.alone) }},
	{"cut-follower", func(c *cluster, r *rand.Rand) error { return c.withFollower(r, c.alone) }},
	{"cut-one-way", func(c *cluster, r *rand.Rand) error {
		return c.withLeader(func(leader int) error { return c.oneWay(leader, r) })
	}},
	{"cut-bridge", func(c *cluster, r *rand.Rand) error { return c.bridge(r.Intn(3)) }},
}

func (c *cluster) withLeader(work func(int) error) error {
	leader, err := c.leader()
	if err != nil {
		return err
	}
	return work(leader)
}

func (c *cluster) withFollower(random *rand.Rand, work func(int) error) error {
	return c.withLeader(func(leader int) error { return work((leader + 1 + random.Intn(2)) % 3) })
}

func (c *cluster) killed(member int) error {
	if err := c.members[member].Kill(); err != nil {
		return err
	}
	time.Sleep(c.options.fault)
	return c.members[member].StartReady(readyWithin)
}

func (c *cluster) allKilled() error {
	for _, member := range c.members {
		if err := member.Kill(); err != nil {
			return err
		}
	}
	for _, member := range c.members {
		if err := member.Start(); err != nil {
			return err
		}
	}
	for i, member := range c.members {
		if err := member.WaitReady(readyWithin); err != nil {
			return fmt.Errorf("m%d: %w", i, err)
		}
	}
	return nil
}

func (c *cluster) paused(member int) error {
	if err := c.signal(member, syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(c.options.pause)
	return c.signal(member, syscall.SIGCONT)
}

// cut lets the ways be cut for a while.
func (c *cluster) cut(ways ...[2]int) error {
	c.network.block(ways...)
	time.Sleep(c.options.fault)
	c.network.block()
	return nil
}

func (c *cluster) alone(member int) error {
	a, b := (member+1)%3, (member+2)%3
	return c.cut([2]int{member, a}, [2]int{a, member}, [2]int{member, b}, [2]int{b, member})
}

// oneWay: the leader hears the others and is not heard, or the other way round.
func (c *cluster) oneWay(leader int, random *rand.Rand) error {
	a, b := (leader+1)%3, (leader+2)%3
	if random.Intn(2) == 0 {
		return c.cut([2]int{leader, a}, [2]int{leader, b})
	}
	return c.cut([2]int{a, leader}, [2]int{b, leader})
}

// bridge: two members reach each other through the third only.
func (c *cluster) bridge(middle int) error {
	a, b := (middle+1)%3, (middle+2)%3
	return c.cut([2]int{a, b}, [2]int{b, a})
}
