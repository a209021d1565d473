// Package client opens connections to a server for the tools here.
package client

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// maxMessage lets whole data sets come in one answer.
const maxMessage = 512 << 20

// V3 opens etcd's own client.
func V3(endpoint string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Endpoints:          []string{endpoint},
		DialTimeout:        5 * time.Second,
		MaxCallRecvMsgSize: maxMessage,
		MaxCallSendMsgSize: maxMessage,
		Logger:             zap.NewNop(),
	})
}

// Raw holds the service stubs over one bare gRPC connection: no retries, no
// interpretation of errors.
type Raw struct {
	Conn        *grpc.ClientConn
	KV          pb.KVClient
	Lease       pb.LeaseClient
	Watch       pb.WatchClient
	Cluster     pb.ClusterClient
	Maintenance pb.MaintenanceClient
}

// NewRaw opens a bare connection to host:port.
func NewRaw(endpoint string) (*Raw, error) {
	conn, err := grpc.NewClient("passthrough:///"+endpoint,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return nil, err
	}
	return &Raw{
		Conn:        conn,
		KV:          pb.NewKVClient(conn),
		Lease:       pb.NewLeaseClient(conn),
		Watch:       pb.NewWatchClient(conn),
		Cluster:     pb.NewClusterClient(conn),
		Maintenance: pb.NewMaintenanceClient(conn),
	}, nil
}

// Close ends the connection.
func (r *Raw) Close() { _ = r.Conn.Close() }

// Timeout is a context for one call.
func Timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// WaitAnswer asks until the server answers a linearizable read, and gives up
// after limit or once running says that the server has ended.
func (r *Raw) WaitAnswer(limit time.Duration, running func() bool) error {
	deadline := time.Now().Add(limit)
	for {
		ctx, cancel := Timeout(time.Second)
		_, err := r.KV.Range(ctx, &pb.RangeRequest{Key: []byte("x")})
		cancel()
		if err == nil {
			return nil
		}
		if !running() {
			return fmt.Errorf("the server ended instead of answering: %w", err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no answer within %s: %w", limit, err)
		}
		r.Conn.ResetConnectBackoff()
		time.Sleep(5 * time.Millisecond)
	}
}
