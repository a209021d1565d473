package main

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
	"etcdpp/tests/compat/internal/wait"
)

// sameFileHash compares the Hash call, which covers every bucket of the file:
// members, alarms, cluster version, configuration state and keys. Ids follow from
// the ports, so the servers run one after the other on the same ones.
func sameFileHash(p *pair) {
	shared, err := etcdproc.New(etcdproc.Config{LogPath: p.ours.server.LogPath + ".hash"})
	if err != nil {
		p.differ(err.Error())
		return
	}
	var hashes [2][]uint32
	for i, s := range p.sides() {
		server := &etcdproc.Server{Config: shared.Config}
		server.Binary = s.server.Binary
		server.DataDir = s.server.DataDir + ".hash"
		if hashes[i], err = fileHashes(p, server); err != nil {
			p.differ(fmt.Sprintf("%s: %v", server.Binary, err))
			return
		}
	}
	for i := range hashes[0] {
		if hashes[0][i] != hashes[1][i] {
			p.differ(fmt.Sprintf("Hash after step %d: %08x in Go, %08x in ours", i+1,
				hashes[0][i], hashes[1][i]))
		}
	}
}

// fileHashes runs a script on a fresh server and returns Hash after each step.
func fileHashes(p *pair, server *etcdproc.Server) ([]uint32, error) {
	if err := server.StartReady(30 * time.Second); err != nil {
		return nil, err
	}
	defer func() { _ = server.Kill() }()
	raw, err := client.NewRaw(server.Endpoint())
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	if err := awaitVersions(&side{server: server}); err != nil {
		return nil, err
	}
	var hashes []uint32
	for _, step := range [][]proto.Message{
		{},
		{put("a", "1"), put("b", "2"), del("a", ""), then(put("c", "3"), put("d", "4"))},
		{&pb.CompactionRequest{Revision: 3, Physical: true}},
		{&pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, Alarm: pb.AlarmType_NOSPACE, MemberID: 7}},
		{&pb.AlarmRequest{Action: pb.AlarmRequest_DEACTIVATE, Alarm: pb.AlarmType_NOSPACE, MemberID: 7},
			&pb.DefragmentRequest{}},
	} {
		for _, request := range step {
			if answer := methodOf(request).call(raw, request); answer.err != nil {
				return nil, answer.err
			}
		}
		p.requests++
		answer := methodOf(&pb.HashRequest{}).call(raw, &pb.HashRequest{})
		if answer.err != nil {
			return nil, answer.err
		}
		hashes = append(hashes, answer.first().(*pb.HashResponse).Hash)
	}
	return hashes, nil
}

// awaitVersions waits until the cluster's and the storage's version are set.
func awaitVersions(s *side) error {
	return wait.Until(settleLimit, 10*time.Millisecond, func() error {
		version, err := s.fetch("GET", "/version")
		if err == nil && version.body == `{"etcdserver":"3.7.3","etcdcluster":"3.7.0","storage":"3.7.0"}` {
			return nil
		}
		return fmt.Errorf("/version after %s: %s (error: %v)", settleLimit, version.body, err)
	})
}
