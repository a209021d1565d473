package cluster

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
)

// callLimit is what one piece of work with a member may take.
const callLimit = 10 * time.Second

// Member is one server of a cluster.
type Member struct {
	*etcdproc.Server
	Name    string
	PeerURL string // where the others reach it
}

// Do runs work with a client of this member alone, for 10 seconds at most.
func (m *Member) Do(work func(context.Context, *clientv3.Client) error) error {
	one, err := client.V3(m.Endpoint())
	if err != nil {
		return fmt.Errorf("%s: %w", m.Name, err)
	}
	defer one.Close()
	ctx, cancel := client.Timeout(callLimit)
	defer cancel()
	if err := work(ctx, one); err != nil {
		return fmt.Errorf("%s: %w", m.Name, err)
	}
	return nil
}

// Status is what the member says of itself: Header.MemberId is its id, Leader
// that of the member which leads.
func (m *Member) Status() (status *clientv3.StatusResponse, err error) {
	err = m.Do(func(ctx context.Context, one *clientv3.Client) (err error) {
		status, err = one.Status(ctx, m.Endpoint())
		return err
	})
	return status, err
}

// ID is the member's id. It asks the member, which has to run.
func (m *Member) ID() (uint64, error) {
	status, err := m.Status()
	if err != nil {
		return 0, err
	}
	return status.Header.MemberId, nil
}
