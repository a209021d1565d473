package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

const (
	stormWatchers = 100_000
	stormMinute   = time.Minute
)

// Storms are what honest clients may do, only far too much of it.
func stormScenarios() []scenario {
	return []scenario{
		{"storm: 100,000 watchers created and cancelled, twice", watchStorm},
		{"storm: 10 MB of JSON", largeJSON},
	}
}

// watchStorm also checks that the watchers' memory is used again: the second
// storm must not take as much as the first did.
func watchStorm(st *stage) (string, error) {
	ours, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = ours.Kill() }()
	var after [2]int
	before := memory(ours.Pid())
	for round := range after {
		if err := ours.raw(createAndCancel); err != nil {
			return "", err
		}
		if err := ours.intact(); err != nil {
			return "", err
		}
		time.Sleep(3 * time.Second) // freed memory goes back to the system within 2 s
		after[round] = memory(ours.Pid())
	}
	happened := fmt.Sprintf("memory +%d MiB, then %+d MiB", (after[0]-before)>>20, (after[1]-after[0])>>20)
	if after[0]-before > 64<<20 || after[1]-after[0] > 16<<20 {
		return "", fmt.Errorf("%s: it does not come back", happened)
	}
	return happened, nil
}

// createAndCancel has all watchers on one stream at the same time.
func createAndCancel(raw *client.Raw) error {
	ctx, cancel := context.WithTimeout(context.Background(), stormMinute)
	defer cancel()
	stream, err := raw.Watch.Watch(ctx)
	if err != nil {
		return err
	}
	// Sent apart from what is received, or both ends would wait for each other.
	sent := make(chan error, 1)
	go func() { sent <- sendCreates(stream) }()
	ids := make([]int64, 0, stormWatchers)
	for len(ids) < stormWatchers {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if !answer.Created {
			return fmt.Errorf("instead of a watcher: %v", answer)
		}
		ids = append(ids, answer.WatchId)
	}
	if err := <-sent; err != nil {
		return err
	}
	go func() { sent <- sendCancels(stream, ids) }()
	for range ids {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if !answer.Canceled {
			return fmt.Errorf("instead of an end: %v", answer)
		}
	}
	return <-sent
}

func sendCreates(stream pb.Watch_WatchClient) error {
	for i := range stormWatchers {
		create := &pb.WatchCreateRequest{Key: fmt.Appendf(nil, "watched/%d", i)}
		if err := stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: create}}); err != nil {
			return err
		}
	}
	return nil
}

func sendCancels(stream pb.Watch_WatchClient, ids []int64) error {
	for _, id := range ids {
		end := &pb.WatchCancelRequest{WatchId: id}
		if err := stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{CancelRequest: end}}); err != nil {
			return err
		}
	}
	return nil
}

func largeJSON(st *stage) (string, error) {
	ours, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = ours.Kill() }()
	body := []byte(`{"key":"YQ==","value":"` + string(bytes.Repeat([]byte("QUFB"), 10<<20/4)) + `"}`)
	answer, err := http.Post("http://"+ours.Endpoint()+"/v3/kv/put", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 300))
	if err != nil {
		return "", err
	}
	if answer.StatusCode < 400 {
		return "", fmt.Errorf("taken, with status %d", answer.StatusCode)
	}
	return fmt.Sprintf("status %d, %s", answer.StatusCode, bytes.TrimSpace(text)), ours.intact()
}
