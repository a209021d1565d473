package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

var watchChecks = []check{
	{"watch delivers a prefix's events in order", watchOrder},
	{"watch from a past revision", watchPast},
	{"watch from a future revision", watchFuture},
	{"watch of a transaction arrives in one piece", watchAtomic},
	{"watch with previous values and filters", watchOptions},
	{"watch of a compacted revision is cancelled", watchCompacted},
	{"watch reports its creation and its progress", watchProgress},
	{"watch is told progress unasked", watchProgressNotify},
	{"watch takes large events in fragments", watchFragments},
	{"watch can be cancelled and others go on", watchCancel},
	{"1,000 watchers on one stream", watchMany},
}

// collect reads n events; it returns them as "PUT key=value" and "DELETE key=".
func (t *test) collect(watch clientv3.WatchChan, n int) (events []string) {
	var last int64
	for len(events) < n {
		answer, open := <-watch
		if !open {
			t.fail("the watch ended after %d of %d events", len(events), n)
		}
		t.must(answer.Err())
		for _, event := range answer.Events {
			if event.Kv.ModRevision < last {
				t.fail("revision %d after %d", event.Kv.ModRevision, last)
			}
			last = event.Kv.ModRevision
			key := strings.TrimPrefix(string(event.Kv.Key), t.prefix)
			events = append(events, fmt.Sprintf("%s %s=%s", event.Type, key, event.Kv.Value))
		}
	}
	return events
}

// created opens a watch and waits until the server has it.
func (t *test) created(ctx context.Context, key string, options ...clientv3.OpOption) clientv3.WatchChan {
	watch := t.client.Watch(ctx, key, append(options, clientv3.WithCreatedNotify())...)
	answer, open := <-watch
	if !open || !answer.Created {
		t.fail("no word of the watch's creation: %v", answer.Err())
	}
	return watch
}

func watchOrder(t *test) {
	watch := t.created(t.ctx, t.prefix, clientv3.WithPrefix())
	var want []string
	for i := range 300 {
		key := fmt.Sprint(i % 7)
		must1(t.client.Put(t.ctx, t.prefix+key, fmt.Sprint(i)))
		want = append(want, fmt.Sprintf("PUT %s=%d", key, i))
		if i%10 == 9 {
			must1(t.client.Delete(t.ctx, t.prefix+key))
			want = append(want, fmt.Sprintf("DELETE %s=", key))
		}
	}
	t.equal("events", t.collect(watch, len(want)), want)
}

func watchPast(t *test) {
	t.putNumbered(3)
	start := must1(t.client.Get(t.ctx, t.prefix+"1")).Kvs[0].ModRevision
	watch := t.client.Watch(t.ctx, t.prefix, clientv3.WithPrefix(), clientv3.WithRev(start))
	t.equal("history", t.collect(watch, 2), []string{"PUT 1=value 2", "PUT 2=value 1"})
	must1(t.client.Put(t.ctx, t.prefix+"3", "live"))
	t.equal("then", t.collect(watch, 1), []string{"PUT 3=live"})
}

func watchFuture(t *test) {
	now := must1(t.client.Put(t.ctx, t.prefix+"k", "0")).Header.Revision
	watch := t.created(t.ctx, t.prefix+"k", clientv3.WithRev(now+3))
	for i := range 4 {
		must1(t.client.Put(t.ctx, t.prefix+"k", fmt.Sprint(i+1)))
	}
	t.equal("events", t.collect(watch, 2), []string{"PUT k=3", "PUT k=4"})
}

func watchAtomic(t *test) {
	watch := t.created(t.ctx, t.prefix, clientv3.WithPrefix())
	var puts []clientv3.Op
	for i := range 100 {
		puts = append(puts, clientv3.OpPut(fmt.Sprint(t.prefix, i), "x"))
	}
	answer := must1(t.client.Txn(t.ctx).Then(puts...).Commit())
	got := <-watch
	t.must(got.Err())
	t.equal("events in the first answer", len(got.Events), 100)
	t.equal("revision", got.Events[99].Kv.ModRevision, answer.Header.Revision)
}

func watchOptions(t *test) {
	key := t.prefix + "k"
	previous := t.created(t.ctx, key, clientv3.WithPrevKV())
	deletes := t.created(t.ctx, key, clientv3.WithFilterPut())
	puts := t.created(t.ctx, key, clientv3.WithFilterDelete())
	must1(t.client.Put(t.ctx, key, "one"))
	must1(t.client.Put(t.ctx, key, "two"))
	must1(t.client.Delete(t.ctx, key))
	must1(t.client.Put(t.ctx, key, "three"))
	t.equal("without puts", t.collect(deletes, 1), []string{"DELETE k="})
	t.equal("without deletes", t.collect(puts, 3), []string{"PUT k=one", "PUT k=two", "PUT k=three"})
	var values []string
	for len(values) < 4 {
		answer := <-previous
		t.must(answer.Err())
		for _, event := range answer.Events {
			values = append(values, string(event.PrevKv.GetValue()))
		}
	}
	t.equal("previous values", values, []string{"", "one", "two", ""})
}

func watchCompacted(t *test) {
	old := must1(t.client.Put(t.ctx, t.prefix+"k", "0")).Header.Revision
	t.putNumbered(3)
	current := must1(t.client.Put(t.ctx, t.prefix+"k", "1")).Header.Revision
	must1(t.client.Compact(t.ctx, current))
	watch := t.client.Watch(t.ctx, t.prefix, clientv3.WithPrefix(), clientv3.WithRev(old))
	answer := <-watch
	t.equal("error", answer.Err(), rpctypes.ErrCompacted)
	t.equal("compact revision", answer.CompactRevision, current)
	_, open := <-watch
	t.equal("open", open, false)
}

func watchProgress(t *test) {
	watch := t.created(t.ctx, t.prefix, clientv3.WithPrefix())
	elsewhere := must1(t.client.Put(t.ctx, "/elsewhere", "x")).Header.Revision
	// A progress request is answered once all of the stream's watchers are
	// synced, so it may need asking again.
	for {
		t.must(t.client.RequestProgress(t.ctx))
		select {
		case answer := <-watch:
			t.must(answer.Err())
			t.equal("progress", answer.IsProgressNotify(), true)
			if answer.Header.Revision >= elsewhere {
				return
			}
		case <-time.After(time.Second):
		case <-t.ctx.Done():
			t.fail("no progress reported")
		}
	}
}

func watchProgressNotify(t *test) {
	// The server is started with an interval of a second.
	watch := t.created(t.ctx, t.prefix, clientv3.WithPrefix(), clientv3.WithProgressNotify())
	select {
	case answer := <-watch:
		t.must(answer.Err())
		t.equal("progress", answer.IsProgressNotify(), true)
	case <-t.ctx.Done():
		t.fail("no progress reported")
	}
}

func watchFragments(t *test) {
	start := must1(t.client.Put(t.ctx, t.prefix+"start", "x")).Header.Revision
	value := strings.Repeat("v", 200<<10)
	for i := range 20 {
		must1(t.client.Put(t.ctx, fmt.Sprint(t.prefix, i), value))
	}
	watch := t.client.Watch(t.ctx, t.prefix, clientv3.WithPrefix(), clientv3.WithFragment(), clientv3.WithRev(start+1))
	for i, event := range t.collect(watch, 20) {
		t.equal("event", event == fmt.Sprintf("PUT %d=%s", i, value), true)
	}
}

func watchCancel(t *test) {
	ctx, cancel := context.WithCancel(t.ctx)
	ended := t.created(ctx, t.prefix+"k")
	stays := t.created(t.ctx, t.prefix+"k")
	cancel()
	for range ended {
	}
	must1(t.client.Put(t.ctx, t.prefix+"k", "x"))
	t.equal("events", t.collect(stays, 1), []string{"PUT k=x"})
}

func watchMany(t *test) {
	const n = 1000
	watches := make([]clientv3.WatchChan, n)
	for i := range watches {
		watches[i] = t.created(t.ctx, fmt.Sprint(t.prefix, i))
	}
	for i := range watches {
		must1(t.client.Put(t.ctx, fmt.Sprint(t.prefix, i), "x"))
	}
	for i, watch := range watches {
		t.equal("event", t.collect(watch, 1), []string{fmt.Sprintf("PUT %d=x", i)})
	}
}
