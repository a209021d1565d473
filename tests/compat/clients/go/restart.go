package main

import (
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// In these the server is killed and started again under the client.
var restartChecks = []check{
	{"watch misses nothing over a restart", watchOverRestart},
	{"sessions, leases and locks outlive a restart", sessionOverRestart},
}

// putAnyway writes until the write is acknowledged: a server that was just
// killed may have taken the connection with it.
func (t *test) putAnyway(key, value string, options ...clientv3.OpOption) {
	for {
		_, err := t.client.Put(t.ctx, key, value, options...)
		if err == nil {
			return
		}
		if t.ctx.Err() != nil {
			t.fail("put: %v", err)
		}
	}
}

func watchOverRestart(t *test) {
	watch := t.created(t.ctx, t.prefix, clientv3.WithPrefix())
	var want []string
	for i := range 20 {
		if i == 10 {
			restartServer()
		}
		t.putAnyway(fmt.Sprint(t.prefix, i), "x")
		want = append(want, fmt.Sprintf("PUT %d=x", i))
	}
	seen := map[string]bool{}
	var got []string
	for len(got) < len(want) {
		for _, event := range t.collect(watch, 1) {
			if !seen[event] { // a put that was answered by a closed connection may be there twice
				got = append(got, event)
			}
			seen[event] = true
		}
	}
	t.equal("events", got, want)
}

func sessionOverRestart(t *test) {
	session := t.session(concurrency.WithTTL(10))
	mutex := concurrency.NewMutex(session, t.prefix+"m")
	t.must(mutex.Lock(t.ctx))
	restartServer()
	t.putAnyway(t.prefix+"k", "x", clientv3.WithLease(session.Lease()))
	told := must1(t.client.TimeToLive(t.ctx, session.Lease(), clientv3.WithAttachedKeys()))
	t.equal("granted ttl", told.GrantedTTL, 10)
	t.equal("keys", len(told.Keys), 2)
	select {
	case <-session.Done():
		t.fail("the session ended")
	default:
	}
	t.must(mutex.Unlock(t.ctx))
	t.must(session.Close())
	t.equal("keys", must1(t.client.Get(t.ctx, t.prefix, clientv3.WithPrefix())).Count, 0)
}
