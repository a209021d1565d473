package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

func startScenarios() []scenario {
	return []scenario{
		{"start: bad flags", badFlags},
		{"start: port in use", portInUse},
		{"start: data folder in use", folderInUse},
		{"start: data folder is a file", folderIsFile},
		{"start: data folder of another cluster", otherCluster},
		{"start: db file of another cluster", otherDatabase},
		{"start: db file is gone", noDatabase},
		{"txn: delete from a key on, then put with ignore_value", poisonedTxn},
	}
}

// badFlags compares the exit code with Go's and asks for a message that names
// the flag.
func badFlags(st *stage) (string, error) {
	for _, flags := range [][]string{
		{"--no-such-flag"}, {"--snapshot-count=abc"}, {"--quota-backend-bytes=1.5"}, {"stray"},
		{"--listen-client-urls=nonsense"}, {"--listen-client-urls=http://no.such.host.example:1"},
		{"--heartbeat-interval=100", "--election-timeout=200"}, {"--log-level=loud"},
		{"--initial-cluster=other=http://127.0.0.1:1"}, {"--initial-cluster-state=maybe"},
		{"--config-file=/nonexistent"}, {"--logger=none"}, {"--auto-compaction-mode=sometimes"},
		{"--election-timeout=100000"}, {"--feature-gates=NoSuchGate=true"},
	} {
		theirs, err := st.exitOf(st.GoEtcd(), flags)
		if err != nil {
			return "", fmt.Errorf("%v: Go etcd: %w", flags, err)
		}
		ours, err := st.exitOf(st.Etcd, flags)
		if err != nil {
			return "", fmt.Errorf("%v: %w", flags, err)
		}
		if ours.code != theirs.code {
			return "", fmt.Errorf("%v: exit code %d, Go's is %d: %s", flags, ours.code, theirs.code, ours.text)
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(flags[0], "--"), "=")
		if ours.text == "" || strings.Contains(theirs.text, name) && !strings.Contains(ours.text, name) {
			return "", fmt.Errorf("%v: the message doesn't name the flag: %.300s", flags, ours.text)
		}
	}
	return "same exit codes as Go", nil
}

type exit struct {
	code int
	text string
}

func (st *stage) exitOf(binary string, flags []string) (exit, error) {
	v, err := st.newVictim(binary, flags...)
	if err != nil {
		return exit{}, err
	}
	if err := v.Start(); err != nil {
		return exit{}, err
	}
	defer func() { _ = v.Kill() }()
	state, err := v.WaitExit(10 * time.Second)
	if err != nil {
		return exit{}, err
	}
	if !state.Exited() {
		return exit{}, fmt.Errorf("ended by %s", state)
	}
	return exit{state.ExitCode(), v.Log()}, nil
}

func portInUse(st *stage) (string, error) {
	first, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = first.Kill() }()
	second, err := st.newVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	second.ClientPort = first.ClientPort
	if err := second.Start(); err != nil {
		return "", err
	}
	defer func() { _ = second.Kill() }()
	happened, err := second.ending(10 * time.Second)
	if err != nil {
		return "", err
	}
	if !strings.Contains(strings.ToLower(happened), "address already in use") {
		return "", fmt.Errorf("unclear message: %s", happened)
	}
	return happened, first.intact()
}

// folderInUse starts a second server on the folder of a running one. Go etcd
// waits for the lock; either that or an end with a message is right, as long as
// the first is not disturbed and the second never serves.
func folderInUse(st *stage) (string, error) {
	first, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = first.Kill() }()
	second, err := st.newVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	second.DataDir = first.DataDir
	if err := second.Start(); err != nil {
		return "", err
	}
	defer func() { _ = second.Kill() }()
	happened := "waits for the lock"
	if _, err := second.WaitExit(3 * time.Second); err == nil {
		if happened, err = second.ending(0); err != nil {
			return "", err
		}
	} else if strings.Contains(second.Log(), "ready to serve") {
		return "", fmt.Errorf("two servers serve one folder")
	}
	return happened, first.intact()
}

func folderIsFile(st *stage) (string, error) {
	v, err := st.newVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(v.DataDir, []byte("not a folder"), 0o600); err != nil {
		return "", err
	}
	return v.mustRefuse()
}

// mustRefuse starts the server and expects it to end with a message.
func (v *victim) mustRefuse() (string, error) {
	if err := v.Start(); err != nil {
		return "", err
	}
	defer func() { _ = v.Kill() }()
	return v.ending(20 * time.Second)
}

// startsOrRefuses starts the server: it must serve with all that it had, or end
// with a message.
func (v *victim) startsOrRefuses() (string, error) {
	if err := v.Start(); err != nil {
		return "", err
	}
	defer func() { _ = v.Kill() }()
	if v.WaitReady(20*time.Second) != nil {
		if v.Running() {
			return "", fmt.Errorf("neither serves nor ends within 20 s: %s", lastMessage(v.Log()))
		}
		return v.ending(0)
	}
	return "starts with all data", v.intact()
}

// stoppedVictim has data and isn't running.
func (st *stage) stoppedVictim(binary string, flags ...string) (*victim, error) {
	v, err := st.startVictim(binary, flags...)
	if err != nil {
		return nil, err
	}
	return v, v.Stop()
}

// otherCluster names another cluster on the command line than the folder holds.
// Go etcd goes by the folder.
func otherCluster(st *stage) (string, error) {
	var outcomes []string
	for _, binary := range []string{st.GoEtcd(), st.Etcd} {
		v, err := st.stoppedVictim(binary)
		if err != nil {
			return "", err
		}
		v.Args = append(v.Args, "--name=other", "--initial-cluster-token=other",
			"--initial-cluster=other=http://127.0.0.1:1", "--initial-advertise-peer-urls=http://127.0.0.1:1")
		happened, err := v.startsOrRefuses()
		if err != nil {
			return "", fmt.Errorf("%s: %w", binary, err)
		}
		outcomes = append(outcomes, happened)
	}
	return fmt.Sprintf("%s (Go: %s)", outcomes[1], outcomes[0]), nil
}

// otherDatabase puts the db file of one cluster beside the WAL of another, whose
// log is shorter.
func otherDatabase(st *stage) (string, error) {
	one, err := st.stoppedVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	two, err := st.stoppedVictim(st.Etcd, "--initial-cluster-token=two")
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(filepath.Join(two.DataDir, dbFile))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(one.DataDir, dbFile), content, 0o600); err != nil {
		return "", err
	}
	return one.mustRefuse()
}

const dbFile = "member/snap/db"

// noDatabase removes the db file: the WAL still has everything, as long as no
// snapshot was made, so starting with all data is right, and so is refusing.
func noDatabase(st *stage) (string, error) {
	v, err := st.stoppedVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	if err := os.Remove(filepath.Join(v.DataDir, dbFile)); err != nil {
		return "", err
	}
	return v.startsOrRefuses()
}

// poisonedTxn is a request that kills Go etcd 3.7.3 for good, since it dies again
// when it reads its log. Ours must answer with an error and change nothing.
func poisonedTxn(st *stage) (string, error) {
	ours, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = ours.Kill() }()
	var answer error
	err = ours.raw(func(raw *client.Raw) error {
		ctx, cancel := client.Timeout(answerLimit)
		defer cancel()
		_, answer = raw.KV.Txn(ctx, &pb.TxnRequest{Success: []*pb.RequestOp{
			{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: &pb.DeleteRangeRequest{
				Key: []byte("acked/"), RangeEnd: []byte{0}}}},
			{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{
				Key: []byte("acked/000001"), IgnoreValue: true}}},
		}})
		return nil
	})
	if err == nil && answer == nil {
		err = fmt.Errorf("the transaction was accepted")
	}
	if err != nil {
		return "", err
	}
	if err := ours.intact(); err != nil {
		return "", err
	}
	if err := ours.Kill(); err != nil {
		return "", err
	}
	return answer.Error(), ours.restart()
}
