package main

import (
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func clusterScenarios() []scenario {
	return []scenario{
		{name: "cluster: member list", run: func(p *pair) {
			p.ask(&pb.MemberListRequest{})
			p.ask(&pb.MemberListRequest{Linearizable: true})
			p.killAndRestart()
			p.ask(&pb.MemberListRequest{Linearizable: true})
		}},
		{name: "cluster: refused changes", run: refusedChanges},
	}
}

// refusedChanges are requests that change nothing anywhere; those whose method
// our server lacks are only counted.
func refusedChanges(p *pair) {
	asked := 0
	for _, request := range []proto.Message{
		&pb.MemberRemoveRequest{ID: 12345},
		&pb.MemberPromoteRequest{ID: 12345},
		&pb.MemberUpdateRequest{ID: 12345, PeerURLs: []string{"http://127.0.0.1:1"}},
		&pb.MemberAddRequest{PeerURLs: []string{"no url"}},
		&pb.MemberAddRequest{},
		&pb.MoveLeaderRequest{TargetID: 12345},
		&pb.DowngradeRequest{Version: "x.y"},
		&pb.DowngradeRequest{Version: "3.0"},
		&pb.DowngradeRequest{Action: 9, Version: "3.6"},
		&pb.AuthStatusRequest{},
	} {
		if p.has(request) {
			asked++
			p.ask(request)
		} else {
			p.notes = append(p.notes, "not implemented: "+methodOf(request).path)
		}
	}
	if asked == 0 {
		p.skip("no method is implemented")
	}
}
