package main

import (
	"math/rand"
	"syscall"
	"time"

	"etcdpp/tests/compat/internal/cluster"
)

// fault is one thing that goes wrong; cause returns once it is over.
type fault struct {
	name  string
	cause func(*stage, *rand.Rand) error
}

var faults = []fault{
	{"kill-leader", func(s *stage, _ *rand.Rand) error { return s.withLeader(s.killed) }},
	{"kill-follower", func(s *stage, r *rand.Rand) error { return s.withFollower(r, s.killed) }},
	{"kill-all", func(s *stage, _ *rand.Rand) error { return s.allKilled() }},
	{"pause-leader", func(s *stage, _ *rand.Rand) error { return s.withLeader(s.paused) }},
	{"pause-follower", func(s *stage, r *rand.Rand) error { return s.withFollower(r, s.paused) }},
	{"cut-leader", func(s *stage, _ *rand.Rand) error { return s.withLeader(s.alone) }},
	{"cut-follower", func(s *stage, r *rand.Rand) error { return s.withFollower(r, s.alone) }},
	{"cut-one-way", func(s *stage, r *rand.Rand) error {
		return s.withLeader(func(leader int) error { return s.oneWay(leader, r) })
	}},
	{"cut-bridge", func(s *stage, r *rand.Rand) error { return s.bridge(r.Intn(members)) }},
}

func (s *stage) withLeader(work func(int) error) error {
	leader, err := s.Leader()
	if err != nil {
		return err
	}
	return work(leader)
}

func (s *stage) withFollower(random *rand.Rand, work func(int) error) error {
	return s.withLeader(func(leader int) error { return work((leader + 1 + random.Intn(2)) % members) })
}

func (s *stage) killed(member int) error {
	if err := s.Members[member].Kill(); err != nil {
		return err
	}
	time.Sleep(s.options.fault)
	return s.Members[member].StartReady(cluster.ReadyWithin)
}

func (s *stage) allKilled() error {
	for _, member := range s.Members {
		if err := member.Kill(); err != nil {
			return err
		}
	}
	for _, member := range s.Members {
		if err := member.Start(); err != nil {
			return err
		}
	}
	return s.WaitReady()
}

func (s *stage) paused(member int) error {
	if err := s.signal(member, syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(s.options.pause)
	return s.signal(member, syscall.SIGCONT)
}

// cut lets the ways be cut for a while.
func (s *stage) cut(ways ...way) error {
	s.network.block(ways...)
	time.Sleep(s.options.fault)
	return s.network.heal()
}

func (s *stage) alone(member int) error {
	a, b := (member+1)%members, (member+2)%members
	return s.cut(way{member, a}, way{a, member}, way{member, b}, way{b, member})
}

// oneWay: the leader hears the others and is not heard, or the other way round.
func (s *stage) oneWay(leader int, random *rand.Rand) error {
	a, b := (leader+1)%members, (leader+2)%members
	if random.Intn(2) == 0 {
		return s.cut(way{leader, a}, way{leader, b})
	}
	return s.cut(way{a, leader}, way{b, leader})
}

// bridge: two members reach each other through the third only.
func (s *stage) bridge(middle int) error {
	a, b := (middle+1)%members, (middle+2)%members
	return s.cut(way{a, b}, way{b, a})
}
