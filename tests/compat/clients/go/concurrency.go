package main

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

var concurrencyChecks = []check{
	{"session lives with its lease", sessionLife},
	{"mutex excludes", mutexExcludes},
	{"mutex is tried without waiting", mutexTry},
	{"mutex of a dead session is free", mutexOfTheDead},
	{"election has one leader at a time", electionHandsOver},
	{"election is observed", electionObserved},
	{"transfers in software transactions keep the sum", stmTransfers},
}

func (t *test) session(options ...concurrency.SessionOption) *concurrency.Session {
	return must1(concurrency.NewSession(t.client, options...))
}

func sessionLife(t *test) {
	session := t.session(concurrency.WithTTL(5))
	must1(t.client.Put(t.ctx, t.prefix+"k", "x", clientv3.WithLease(session.Lease())))
	t.must(session.Close())
	<-session.Done()
	t.equal("keys", must1(t.client.Get(t.ctx, t.prefix+"k")).Count, 0)

	orphan := t.session(concurrency.WithTTL(2))
	must1(t.client.Revoke(t.ctx, orphan.Lease()))
	select {
	case <-orphan.Done():
	case <-t.ctx.Done():
		t.fail("the session outlived its lease")
	}
}

func mutexExcludes(t *test) {
	var inside, entries atomic.Int64
	t.must(together(8, func(int) error {
		client := connect()
		defer client.Close()
		session, err := concurrency.NewSession(client)
		if err != nil {
			return err
		}
		defer session.Close()
		mutex := concurrency.NewMutex(session, t.prefix+"m")
		for range 5 {
			if err := mutex.Lock(t.ctx); err != nil {
				return err
			}
			if others := inside.Add(1); others != 1 {
				return fmt.Errorf("%d hold the mutex", others)
			}
			entries.Add(1)
			time.Sleep(2 * time.Millisecond)
			inside.Add(-1)
			if err := mutex.Unlock(t.ctx); err != nil {
				return err
			}
		}
		return nil
	}))
	t.equal("entries", entries.Load(), 40)
	t.equal("keys left", must1(t.client.Get(t.ctx, t.prefix, clientv3.WithPrefix())).Count, 0)
}

func mutexTry(t *test) {
	first, second := t.session(), t.session()
	defer first.Close()
	defer second.Close()
	held, wanted := concurrency.NewMutex(first, t.prefix+"m"), concurrency.NewMutex(second, t.prefix+"m")
	t.must(held.TryLock(t.ctx))
	t.equal("held", wanted.TryLock(t.ctx), concurrency.ErrLocked)
	owned := must1(t.client.Txn(t.ctx).If(held.IsOwner()).Commit())
	t.equal("owner", owned.Succeeded, true)
	t.must(held.Unlock(t.ctx))
	t.must(wanted.TryLock(t.ctx))
}

func mutexOfTheDead(t *test) {
	dead, alive := t.session(concurrency.WithTTL(2)), t.session()
	defer alive.Close()
	t.must(concurrency.NewMutex(dead, t.prefix+"m").Lock(t.ctx))
	dead.Orphan()
	t.must(concurrency.NewMutex(alive, t.prefix+"m").Lock(t.ctx))
}

func electionHandsOver(t *test) {
	var sessions []*concurrency.Session
	var elections []*concurrency.Election
	for range 3 {
		session := t.session()
		defer session.Close()
		sessions = append(sessions, session)
		elections = append(elections, concurrency.NewElection(session, t.prefix+"e"))
	}
	_, err := elections[0].Leader(t.ctx)
	t.equal("nobody's leader", err, concurrency.ErrElectionNoLeader)
	t.must(elections[0].Campaign(t.ctx, "0"))

	won := make(chan error, 2)
	for i := 1; i < 3; i++ {
		go func() { won <- elections[i].Campaign(t.ctx, fmt.Sprint(i)) }()
		t.waitCandidates(i + 1)
	}
	t.equal("leader", t.leader(elections[2]), "0")
	t.must(elections[0].Resign(t.ctx))
	t.must(<-won)
	t.equal("next leader", t.leader(elections[0]), "1")
	t.must(sessions[1].Close())
	t.must(<-won)
	t.equal("last leader", t.leader(elections[0]), "2")
	t.equal("proclaiming without office", elections[0].Proclaim(t.ctx, "x"), concurrency.ErrElectionNotLeader)
	t.must(elections[2].Proclaim(t.ctx, "two"))
	t.equal("proclaimed", t.leader(elections[0]), "two")
}

func (t *test) leader(election *concurrency.Election) string {
	return string(must1(election.Leader(t.ctx)).Kvs[0].Value)
}

// waitCandidates waits until n candidates stand in an election of this check.
func (t *test) waitCandidates(n int) {
	for must1(t.client.Get(t.ctx, t.prefix, clientv3.WithPrefix())).Count < int64(n) {
		time.Sleep(time.Millisecond)
	}
}

func electionObserved(t *test) {
	session := t.session()
	defer session.Close()
	election := concurrency.NewElection(session, t.prefix+"e")
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	seen := election.Observe(ctx)
	expect := func(value string) {
		answer, open := <-seen
		if !open {
			t.fail("the observation ended before %q", value)
		}
		t.equal("observed", string(answer.Kvs[0].Value), value)
	}
	t.must(election.Campaign(t.ctx, "first"))
	expect("first")
	t.must(election.Proclaim(t.ctx, "second"))
	expect("second")
	t.must(election.Resign(t.ctx))
	t.must(election.Campaign(t.ctx, "third"))
	expect("third")
}

func stmTransfers(t *test) {
	for _, isolation := range []concurrency.Isolation{concurrency.SerializableSnapshot, concurrency.Serializable} {
		const accounts, transfers = 4, 25
		account := func(i int) string { return fmt.Sprint(t.prefix, isolation, "/", i%accounts) }
		for i := range accounts {
			must1(t.client.Put(t.ctx, account(i), "100"))
		}
		t.must(together(4, func(worker int) error {
			for i := range transfers {
				from, to := account(worker+i), account(worker*i+1)
				_, err := concurrency.NewSTM(t.client, func(s concurrency.STM) error {
					return move(s, from, to)
				}, concurrency.WithIsolation(isolation), concurrency.WithAbortContext(t.ctx))
				if err != nil {
					return err
				}
			}
			return nil
		}))
		sum := 0
		for i := range accounts {
			sum += must1(strconv.Atoi(string(must1(t.client.Get(t.ctx, account(i))).Kvs[0].Value)))
		}
		t.equal("sum", sum, 100*accounts)
	}
}

func move(s concurrency.STM, from, to string) error {
	if from == to {
		return nil
	}
	has, err := strconv.Atoi(s.Get(from))
	if err != nil {
		return err
	}
	gets, err := strconv.Atoi(s.Get(to))
	if err != nil {
		return err
	}
	s.Put(from, strconv.Itoa(has-1))
	s.Put(to, strconv.Itoa(gets+1))
	return nil
}
