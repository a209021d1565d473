// Command raft-bench sends proposals through three members of etcd-io/raft in
// one thread, with disks and networks that answer at once: the counterpart of
// bench/raft/main.cc, which bench/raft/run compares it with.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"runtime"
	"time"

	"go.etcd.io/raft/v3"
	pb "go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

const (
	members      = 3
	payloadBytes = 256
	keep         = 5_000  // entries kept in memory for members that lag, as etcd does
	compactEvery = 10_000 // as etcd takes its snapshots
)

type member struct {
	node      *raft.RawNode
	storage   *raft.MemoryStorage
	applied   uint64
	compacted uint64
}

type cluster struct {
	members []*member // by id - 1
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// start makes a member as etcd configures it: pre-vote, check-quorum, messages
// of 1 MiB, 512 of them on their way.
func start(id uint64, voters []uint64) *member {
	storage := raft.NewMemoryStorage()
	must(storage.ApplySnapshot(&pb.Snapshot{Metadata: &pb.SnapshotMetadata{
		ConfState: &pb.ConfState{Voters: voters}, Index: proto.Uint64(1), Term: proto.Uint64(1)}}))
	node, err := raft.NewRawNode(&raft.Config{
		ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, Applied: 1,
		MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 512, CheckQuorum: true, PreVote: true,
		Logger: &raft.DefaultLogger{Logger: log.New(&bytes.Buffer{}, "", 0)},
	})
	must(err)
	return &member{node: node, storage: storage, applied: 1, compacted: 1}
}

func newCluster() *cluster {
	c := &cluster{}
	voters := []uint64{}
	for id := uint64(1); id <= members; id++ {
		voters = append(voters, id)
	}
	for _, id := range voters {
		c.members = append(c.members, start(id, voters))
	}
	must(c.members[0].node.Campaign())
	c.settle()
	if c.members[0].node.BasicStatus().RaftState != raft.StateLeader {
		log.Fatal("member 1 does not lead")
	}
	return c
}

// settle runs until nobody has anything to do.
func (c *cluster) settle() {
	for busy := true; busy; {
		busy = false
		for _, m := range c.members {
			if m.node.HasReady() {
				c.work(m)
				busy = true
			}
		}
	}
}

func (c *cluster) work(m *member) {
	ready := m.node.Ready()
	if !raft.IsEmptyHardState(ready.HardState) {
		must(m.storage.SetHardState(ready.HardState))
	}
	must(m.storage.Append(ready.Entries))
	for _, message := range ready.Messages {
		must(c.members[message.GetTo()-1].node.Step(message))
	}
	if n := len(ready.CommittedEntries); n > 0 {
		m.apply(ready.CommittedEntries[n-1].GetIndex())
	}
	m.node.Advance(ready)
}

func (m *member) apply(index uint64) {
	m.applied = index
	if index < m.compacted+keep+compactEvery {
		return
	}
	m.compacted = index - keep
	_, err := m.storage.CreateSnapshot(index, nil, nil)
	must(err)
	must(m.storage.Compact(m.compacted))
}

func (c *cluster) propose(batch int, payload []byte) {
	entries := make([]*pb.Entry, batch)
	for i := range entries {
		entries[i] = &pb.Entry{Data: payload}
	}
	must(c.members[0].node.Step(&pb.Message{Type: pb.MsgProp.Enum(), From: proto.Uint64(1), To: proto.Uint64(1), Entries: entries}))
	c.settle()
}

// measure prints "<batch> <ns an entry> <allocations an entry>".
func measure(proposals, batch int) {
	c := newCluster()
	payload := bytes.Repeat([]byte("x"), payloadBytes)
	first := c.members[0].applied
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	for done := 0; done < proposals; done += batch {
		c.propose(batch, payload)
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	for _, m := range c.members {
		if int(m.applied-first) < proposals {
			log.Fatalf("a member has applied %d of %d", m.applied-first, proposals)
		}
	}
	entries := float64(c.members[0].applied - first)
	fmt.Printf("%d %.1f %.2f\n", batch, float64(took.Nanoseconds())/entries, float64(after.Mallocs-before.Mallocs)/entries)
}

func main() {
	proposals := flag.Int("proposals", 1_000_000, "how many")
	batch := flag.Int("batch", 16, "how many at a time")
	flag.Parse()
	measure(*proposals, *batch)
}
