package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

// snapshotStream checks each server's snapshot stream by the rules that Go etcd
// keeps, since the files differ in size.
func snapshotStream(p *pair) {
	seedKeys(p)
	for _, s := range p.sides() {
		p.requests++
		if err := checkSnapshot(s.raw); err != nil {
			p.differ(fmt.Sprintf("%s: Snapshot: %v", s.server.Binary, err))
		}
	}
}

func checkSnapshot(raw *client.Raw) error {
	ctx, cancel := client.Timeout(callLimit)
	defer cancel()
	stream, err := raw.Maintenance.Snapshot(ctx, &pb.SnapshotRequest{})
	if err != nil {
		return err
	}
	var content []byte
	var chunks []*pb.SnapshotResponse
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		content = append(content, chunk.Blob...)
		chunks = append(chunks, chunk)
	}
	if len(chunks) < 2 {
		return fmt.Errorf("%d messages", len(chunks))
	}
	last := chunks[len(chunks)-1]
	body := content[:len(content)-len(last.Blob)]
	sum := sha256.Sum256(body)
	switch {
	case string(last.Blob) != string(sum[:]):
		return fmt.Errorf("last message holds %d bytes, not the SHA-256 of the rest", len(last.Blob))
	case len(body)%4096 != 0:
		return fmt.Errorf("%d bytes are no whole pages", len(body))
	}
	left := uint64(len(body))
	for i, chunk := range chunks[:len(chunks)-1] {
		left -= uint64(len(chunk.Blob))
		switch {
		case chunk.RemainingBytes != left:
			return fmt.Errorf("message %d: remaining_bytes %d, not %d", i, chunk.RemainingBytes, left)
		case len(chunk.Blob) > 32*1024:
			return fmt.Errorf("message %d holds %d bytes", i, len(chunk.Blob))
		case chunk.Version != last.Version:
			return fmt.Errorf("message %d: version %q, then %q", i, chunk.Version, last.Version)
		}
	}
	return nil
}
