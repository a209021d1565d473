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

// refusedChanges are requests that change nothing anywhere.
func refusedChanges(p *pair) {
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
		p.ask(request)
	}
}
