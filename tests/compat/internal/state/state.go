// Package state captures all that a client can see of a server's data, so that
// two servers, or one before and after a restart, can be compared.
package state

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"time"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"etcdpp/tests/compat/internal/client"
)

// State is what one server answered.
type State struct {
	ClusterID, MemberID uint64
	Revision            int64
	CompactRevision     int64
	Hash                uint32
	Current             []*mvccpb.KeyValue // at Revision
	Oldest              []*mvccpb.KeyValue // at the oldest readable revision
	Middle              []*mvccpb.KeyValue // halfway between
	Leases              []int64            // sorted
}

var everything = []byte{0}

// Capture reads the state of the server at endpoint.
func Capture(endpoint string) (*State, error) {
	raw, err := client.NewRaw(endpoint)
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	ctx, cancel := client.Timeout(30 * time.Second)
	defer cancel()

	s := &State{}
	all, err := raw.KV.Range(ctx, &pb.RangeRequest{Key: everything, RangeEnd: everything})
	if err != nil {
		return nil, err
	}
	s.ClusterID, s.MemberID = all.Header.ClusterId, all.Header.MemberId
	s.Revision, s.Current = all.Header.Revision, all.Kvs

	hash, err := raw.Maintenance.HashKV(ctx, &pb.HashKVRequest{Revision: s.Revision})
	if err != nil {
		return nil, fmt.Errorf("HashKV: %w", err)
	}
	s.Hash, s.CompactRevision = hash.Hash, hash.CompactRevision
	oldest := max(s.CompactRevision, 1)
	if s.Oldest, err = rangeAt(ctx, raw, oldest); err != nil {
		return nil, err
	}
	if s.Middle, err = rangeAt(ctx, raw, (oldest+s.Revision)/2); err != nil {
		return nil, err
	}
	return s, s.captureLeases(ctx, raw)
}

func rangeAt(ctx context.Context, raw *client.Raw, revision int64) ([]*mvccpb.KeyValue, error) {
	answer, err := raw.KV.Range(ctx,
		&pb.RangeRequest{Key: everything, RangeEnd: everything, Revision: revision})
	if err != nil {
		return nil, fmt.Errorf("range at revision %d: %w", revision, err)
	}
	return answer.Kvs, nil
}

func (s *State) captureLeases(ctx context.Context, raw *client.Raw) error {
	leases, err := raw.Lease.LeaseLeases(ctx, &pb.LeaseLeasesRequest{})
	if err != nil {
		return fmt.Errorf("LeaseLeases: %w", err)
	}
	for _, lease := range leases.Leases {
		s.Leases = append(s.Leases, lease.ID)
	}
	sort.Slice(s.Leases, func(i, j int) bool { return s.Leases[i] < s.Leases[j] })
	return nil
}

// Same returns an error that names the first difference of data; ids of the
// cluster and of the member are left out.
func (s *State) Same(other *State) error {
	for _, field := range []struct {
		name string
		a, b any
	}{
		{"revision", s.Revision, other.Revision},
		{"compact revision", s.CompactRevision, other.CompactRevision},
		{"HashKV", s.Hash, other.Hash},
		{"leases", fmt.Sprint(s.Leases), fmt.Sprint(other.Leases)},
	} {
		if field.a != field.b {
			return fmt.Errorf("%s: %v, then %v", field.name, field.a, field.b)
		}
	}
	for _, list := range []struct {
		name string
		a, b []*mvccpb.KeyValue
	}{
		{"keys at the current revision", s.Current, other.Current},
		{"keys at the oldest revision", s.Oldest, other.Oldest},
		{"keys at a middle revision", s.Middle, other.Middle},
	} {
		if err := sameKeys(list.a, list.b); err != nil {
			return fmt.Errorf("%s: %w", list.name, err)
		}
	}
	return nil
}

// SameMember also compares the ids, which a restart must not change.
func (s *State) SameMember(other *State) error {
	if s.ClusterID != other.ClusterID || s.MemberID != other.MemberID {
		return fmt.Errorf("cluster/member id: %x/%x, then %x/%x",
			s.ClusterID, s.MemberID, other.ClusterID, other.MemberID)
	}
	return s.Same(other)
}

func sameKeys(a, b []*mvccpb.KeyValue) error {
	for i := range min(len(a), len(b)) {
		if !proto.Equal(a[i], b[i]) {
			return fmt.Errorf("key %q: %v, then %v", firstOf(a[i].Key, b[i].Key), a[i], b[i])
		}
	}
	if len(a) != len(b) {
		return fmt.Errorf("%d keys, then %d", len(a), len(b))
	}
	return nil
}

func firstOf(a, b []byte) []byte {
	if bytes.Compare(a, b) <= 0 {
		return a
	}
	return b
}

// String sums the state up for a report.
func (s *State) String() string {
	return fmt.Sprintf("revision %d, compacted %d, %d keys, %d leases, hash %08x",
		s.Revision, s.CompactRevision, len(s.Current), len(s.Leases), s.Hash)
}
