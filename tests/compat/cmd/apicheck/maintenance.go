package main

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func maintenanceScenarios() []scenario {
	return []scenario{
		{name: "maintenance: status, hash, defragment", run: maintenanceCalls},
		{name: "maintenance: hash of the whole file", run: sameFileHash},
		{name: "alarms: asked and raised by hand", run: alarmsByHand},
		{name: "alarms: under NOSPACE", run: underNoSpace},
		{name: "alarms: under CORRUPT", run: underCorrupt},
		{name: "alarms: the quota is reached", args: []string{"--quota-backend-bytes=262144"}, run: quotaReached},
	}
}

func alarm(action pb.AlarmRequest_AlarmAction, kind pb.AlarmType) *pb.AlarmRequest {
	return &pb.AlarmRequest{Action: action, Alarm: kind}
}

func maintenanceCalls(p *pair) {
	p.ask(&pb.StatusRequest{})
	p.ask(&pb.HashRequest{})
	p.ask(&pb.HashKVRequest{})
	seedKeys(p)
	p.ask(&pb.StatusRequest{})
	for _, revision := range []int64{-1, 0, 1, 2, p.revision, p.revision + 1} {
		p.ask(&pb.HashKVRequest{Revision: revision})
	}
	p.ask(&pb.HashRequest{})
	for range 3 {
		p.ask(&pb.DefragmentRequest{})
		p.sameEverything()
	}
	p.ask(put("after", "defragment"))
	p.killAndRestart()
	p.ask(&pb.StatusRequest{})
	p.sameEverything()
}

func alarmsByHand(p *pair) {
	list := func() { p.ask(alarm(pb.AlarmRequest_GET, pb.AlarmType_NONE)) }
	list()
	for _, kind := range []pb.AlarmType{pb.AlarmType_NONE, pb.AlarmType_NOSPACE, pb.AlarmType_NOSPACE, 9} {
		for _, member := range []uint64{0, 7, 7} {
			p.ask(&pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, Alarm: kind, MemberID: member})
			list()
			p.ask(&pb.AlarmRequest{Action: pb.AlarmRequest_GET, Alarm: kind, MemberID: member})
		}
	}
	p.ask(&pb.StatusRequest{})
	p.killAndRestart()
	list()
	for _, kind := range []pb.AlarmType{pb.AlarmType_NOSPACE, pb.AlarmType_NOSPACE, pb.AlarmType_NONE, 9} {
		for _, member := range []uint64{8, 7, 0} {
			p.ask(&pb.AlarmRequest{Action: pb.AlarmRequest_DEACTIVATE, Alarm: kind, MemberID: member})
			list()
		}
	}
	p.ask(put("works", "again"))
	p.sameHash()
}

// requestsUnderAlarm is one request of each kind.
func requestsUnderAlarm(p *pair) {
	p.ask(put("a", "under alarm"))
	p.ask(get("a"))
	p.ask(&pb.RangeRequest{Key: []byte("a"), Serializable: true})
	p.askMethod(rangeStream, getRange("a", "\x00"))
	p.ask(then())
	p.ask(then(get("a")))
	p.ask(then(put("a", "txn")))
	p.ask(then(put("b", "txn"), del("a", "")))
	p.ask(then(del("k00", "")))
	p.ask(otherwise(put("a", "not taken")))
	p.ask(&pb.TxnRequest{Success: ops(get("a")), Failure: ops(put("a", "not taken"))})
	p.ask(&pb.TxnRequest{Success: ops(del("k01", "")), Failure: ops(put("a", "not taken"))})
	p.ask(then(then(put("a", "nested"))))
	p.ask(then(then(del("k02", ""))))
	p.ask(put("", "no key"))
	p.ask(del("k05", ""))
	p.ask(del("absent", ""))
	p.ask(&pb.CompactionRequest{Revision: p.revision})
	p.ask(&pb.CompactionRequest{Revision: p.revision + 100})
	p.ask(&pb.StatusRequest{})
	p.ask(&pb.HashKVRequest{})
	p.ask(&pb.MemberListRequest{Linearizable: true})
	p.ask(&pb.DefragmentRequest{})
	p.ask(grant(11))
	p.ask(&pb.LeaseTimeToLiveRequest{ID: 10})
	p.ask(&pb.LeaseRevokeRequest{ID: 10})
}

func underAlarm(p *pair, kind pb.AlarmType) {
	seedKeys(p)
	p.ask(grant(10))
	p.ask(putWithLease("leased", 10))
	p.ask(alarm(pb.AlarmRequest_ACTIVATE, kind))
	requestsUnderAlarm(p)
	p.killAndRestart()
	requestsUnderAlarm(p)
	p.ask(alarm(pb.AlarmRequest_DEACTIVATE, kind))
	requestsUnderAlarm(p)
	p.sameEverything()
}

func underNoSpace(p *pair) { underAlarm(p, pb.AlarmType_NOSPACE) }

func underCorrupt(p *pair) { underAlarm(p, pb.AlarmType_CORRUPT) }

// quotaReached fills each server until it refuses. How many writes fit depends
// on how a file grows, so the two are checked one by one by the same rules.
func quotaReached(p *pair) {
	for _, s := range p.sides() {
		if err := fillToQuota(p, s); err != nil {
			p.differ(fmt.Sprintf("%s: %v", s.server.Binary, err))
		}
	}
}

func fillToQuota(p *pair, s *side) error {
	do := func(request proto.Message) *answer { return methodOf(request).call(s.raw, request) }
	value := strings.Repeat("v", 4096)
	const spaceExceeded = "ResourceExhausted: etcdserver: mvcc: database space exceeded"
	accepted := 0
	for ; accepted < 1000; accepted++ {
		p.requests++
		if refused := do(put("fill", value)); refused.err != nil {
			if statusText(refused.err) != spaceExceeded {
				return refused.err
			}
			break
		}
	}
	if accepted < 10 || accepted == 1000 {
		return fmt.Errorf("%d puts of 4 KiB were accepted with a quota of 256 KiB", accepted)
	}
	p.notes = append(p.notes, fmt.Sprintf("%d puts fit", accepted))
	alarms := do(alarm(pb.AlarmRequest_GET, pb.AlarmType_NONE))
	if list := alarms.first().(*pb.AlarmResponse).Alarms; len(list) != 1 ||
		list[0].Alarm != pb.AlarmType_NOSPACE || list[0].MemberID != s.member {
		return fmt.Errorf("alarms after the quota was reached: %v", list)
	}
	// A put that finds the quota reached only when it is applied takes effect and
	// is refused all the same.
	now := do(get("fill")).first().(*pb.RangeResponse)
	if applied := int(now.Kvs[0].Version); string(now.Kvs[0].Value) != value || applied < accepted || applied > accepted+1 {
		return fmt.Errorf("version %d of the key after %d puts", now.Kvs[0].Version, accepted)
	}
	for _, request := range []proto.Message{
		&pb.CompactionRequest{Revision: now.Header.Revision, Physical: true},
		&pb.DefragmentRequest{},
	} {
		if failed := do(request); failed.err != nil {
			return failed.err
		}
	}
	if refused := do(put("fill", value)); statusText(refused.err) != spaceExceeded {
		return fmt.Errorf("before the alarm is disarmed: %v", refused.err)
	}
	disarm := alarm(pb.AlarmRequest_DEACTIVATE, pb.AlarmType_NOSPACE)
	disarm.MemberID = s.member
	if failed := do(disarm); failed.err != nil {
		return failed.err
	}
	return do(put("fill", value)).err
}
