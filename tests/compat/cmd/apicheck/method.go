package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

const callLimit = 10 * time.Second

// method is a gRPC method and how to make its answer.
type method struct {
	path        string
	newAnswer   func() proto.Message
	streams     bool // the answer is a stream
	callOptions []grpc.CallOption
}

func of[T any, P interface {
	*T
	proto.Message
}](path string) method {
	return method{path: path, newAnswer: func() proto.Message { return P(new(T)) }}
}

// methodOf finds the method by the type of its request. RangeStream shares its
// request with Range: see rangeStream.
func methodOf(request proto.Message) method {
	switch request.(type) {
	case *pb.RangeRequest:
		return of[pb.RangeResponse]("/etcdserverpb.KV/Range")
	case *pb.PutRequest:
		return of[pb.PutResponse]("/etcdserverpb.KV/Put")
	case *pb.DeleteRangeRequest:
		return of[pb.DeleteRangeResponse]("/etcdserverpb.KV/DeleteRange")
	case *pb.TxnRequest:
		return of[pb.TxnResponse]("/etcdserverpb.KV/Txn")
	case *pb.CompactionRequest:
		return of[pb.CompactionResponse]("/etcdserverpb.KV/Compact")
	case *pb.LeaseGrantRequest:
		return of[pb.LeaseGrantResponse]("/etcdserverpb.Lease/LeaseGrant")
	case *pb.LeaseRevokeRequest:
		return of[pb.LeaseRevokeResponse]("/etcdserverpb.Lease/LeaseRevoke")
	case *pb.LeaseTimeToLiveRequest:
		return of[pb.LeaseTimeToLiveResponse]("/etcdserverpb.Lease/LeaseTimeToLive")
	case *pb.LeaseLeasesRequest:
		return of[pb.LeaseLeasesResponse]("/etcdserverpb.Lease/LeaseLeases")
	case *pb.AlarmRequest:
		return of[pb.AlarmResponse]("/etcdserverpb.Maintenance/Alarm")
	case *pb.StatusRequest:
		return of[pb.StatusResponse]("/etcdserverpb.Maintenance/Status")
	case *pb.DefragmentRequest:
		return of[pb.DefragmentResponse]("/etcdserverpb.Maintenance/Defragment")
	case *pb.HashRequest:
		return of[pb.HashResponse]("/etcdserverpb.Maintenance/Hash")
	case *pb.HashKVRequest:
		return of[pb.HashKVResponse]("/etcdserverpb.Maintenance/HashKV")
	case *pb.MoveLeaderRequest:
		return of[pb.MoveLeaderResponse]("/etcdserverpb.Maintenance/MoveLeader")
	case *pb.DowngradeRequest:
		return of[pb.DowngradeResponse]("/etcdserverpb.Maintenance/Downgrade")
	case *pb.MemberListRequest:
		return of[pb.MemberListResponse]("/etcdserverpb.Cluster/MemberList")
	case *pb.MemberAddRequest:
		return of[pb.MemberAddResponse]("/etcdserverpb.Cluster/MemberAdd")
	case *pb.MemberRemoveRequest:
		return of[pb.MemberRemoveResponse]("/etcdserverpb.Cluster/MemberRemove")
	case *pb.MemberUpdateRequest:
		return of[pb.MemberUpdateResponse]("/etcdserverpb.Cluster/MemberUpdate")
	case *pb.MemberPromoteRequest:
		return of[pb.MemberPromoteResponse]("/etcdserverpb.Cluster/MemberPromote")
	case *pb.AuthStatusRequest:
		return of[pb.AuthStatusResponse]("/etcdserverpb.Auth/AuthStatus")
	}
	panic(fmt.Sprintf("no method for %T", request))
}

var rangeStream = method{
	path:      "/etcdserverpb.KV/RangeStream",
	newAnswer: func() proto.Message { return new(pb.RangeStreamResponse) },
	streams:   true,
}

// settles says whether answers may differ for a moment: see settleLimit.
func (m method) settles() bool {
	return m.path == "/etcdserverpb.Maintenance/HashKV" ||
		m.path == "/etcdserverpb.Maintenance/Status"
}

// call sends the request and collects the whole answer.
func (m method) call(to *client.Raw, request any) *answer {
	ctx, cancel := client.Timeout(callLimit)
	defer cancel()
	if m.streams {
		return m.collect(ctx, to, request)
	}
	message := m.newAnswer()
	if err := to.Conn.Invoke(ctx, m.path, request, message, m.callOptions...); err != nil {
		return &answer{err: err}
	}
	return &answer{messages: []proto.Message{message}}
}

func (m method) collect(ctx context.Context, to *client.Raw, request any) *answer {
	stream, err := to.Conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, m.path,
		m.callOptions...)
	if err == nil {
		err = errors.Join(stream.SendMsg(request), stream.CloseSend())
	}
	result := &answer{err: err}
	for result.err == nil {
		message := m.newAnswer()
		if err := stream.RecvMsg(message); err != nil {
			result.err = err
			break
		}
		result.messages = append(result.messages, message)
	}
	if errors.Is(result.err, io.EOF) {
		result.err = nil
		if len(result.messages) == 0 {
			result.err = errNoAnswer
		}
	}
	return result
}

// describe prints a request for a report.
func describe(m method, request proto.Message) string {
	return brief(m.path + " {" + oneLine(request) + "}")
}

func oneLine(message proto.Message) string {
	return prototext.MarshalOptions{}.Format(message)
}

// brief cuts what would make a report unreadable.
func brief(text string) string {
	const longest = 1200
	if len(text) <= longest {
		return text
	}
	return fmt.Sprintf("%s … (%d bytes)", text[:longest], len(text))
}
