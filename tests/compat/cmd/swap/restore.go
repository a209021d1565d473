package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"etcdpp/tests/compat/internal/etcdproc"
	"etcdpp/tests/compat/internal/state"
)

func (s *scene) etcdutl(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return etcdproc.Run(ctx, filepath.Join(s.Reference, "etcdutl"), arguments...)
}

// snapshotStatus compares what etcdutl reads from our snapshot with what our
// server said when it was saved.
func (s *scene) snapshotStatus() (string, error) {
	// etcdutl hashkv writes to the file it opens.
	scratch := filepath.Join(s.Work, "scratch.db")
	if err := copyFile(s.snapshot, scratch); err != nil {
		return "", err
	}
	var hash struct {
		Hash         uint32
		HashRevision int64
	}
	if err := s.etcdutlJSON(&hash, "hashkv", scratch); err != nil {
		return "", err
	}
	var status struct {
		Revision int64
		TotalKey int
		Version  string
	}
	if err := s.etcdutlJSON(&status, "snapshot", "status", s.snapshot); err != nil {
		return "", err
	}
	if status.Revision != s.saved.Revision || hash.Hash != s.saved.Hash {
		return "", fmt.Errorf("etcdutl: revision %d, HashKV %08x; the server that saved it: %s",
			status.Revision, hash.Hash, s.saved)
	}
	return fmt.Sprintf("version %s, %d keys", status.Version, status.TotalKey), nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// etcdutlJSON reads the JSON line of a command whose output also has log lines.
func (s *scene) etcdutlJSON(into any, arguments ...string) error {
	output, err := s.etcdutl(append(arguments, "--write-out=json")...)
	if err != nil {
		return err
	}
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "{") {
			return json.Unmarshal([]byte(line), into)
		}
	}
	return fmt.Errorf("no JSON in %q", output)
}

func (s *scene) restorePlain() (string, error) {
	ours, err := s.restoreBoth("plain", nil)
	if err != nil {
		return "", err
	}
	return ours.String(), s.saved.Same(ours)
}

func (s *scene) restoreBumped() (string, error) {
	ours, err := s.restoreBoth("bumped", []string{"--bump-revision=1000000", "--mark-compacted"})
	if err != nil {
		return "", err
	}
	if ours.Revision < s.saved.Revision+1_000_000 {
		return "", fmt.Errorf("revision is %d", ours.Revision)
	}
	return ours.String(), nil
}

// restoreBoth restores the snapshot twice by Go's etcdutl and boots Go etcd on
// one folder and ours on the other.
func (s *scene) restoreBoth(name string, flags []string) (*state.State, error) {
	theirs, err := s.bootRestored(s.GoEtcd(), name+"-go", flags)
	if err != nil {
		return nil, err
	}
	ours, err := s.bootRestored(s.Etcd, name+"-ours", flags)
	if err != nil {
		return nil, err
	}
	return ours, theirs.Same(ours)
}

// bootRestored restores the snapshot into a fresh folder and returns the state
// of a server started on it.
func (s *scene) bootRestored(binary, name string, flags []string) (*state.State, error) {
	server, err := etcdproc.New(etcdproc.Config{
		Binary:  binary,
		DataDir: filepath.Join(s.Work, "restored-"+name),
		LogPath: filepath.Join(s.Work, "restored-"+name+".log"),
	})
	if err != nil {
		return nil, err
	}
	peer := fmt.Sprintf("http://127.0.0.1:%d", server.PeerPort)
	arguments := append([]string{"snapshot", "restore", s.snapshot, "--data-dir=" + server.DataDir,
		"--name=default", "--initial-cluster=default=" + peer,
		"--initial-advertise-peer-urls=" + peer}, flags...)
	if _, err := s.etcdutl(arguments...); err != nil {
		return nil, err
	}
	defer func() { _ = server.Kill() }()
	if err := server.StartReady(30 * time.Second); err != nil {
		return nil, err
	}
	captured, err := state.Capture(server.Endpoint())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", binary, err)
	}
	return captured, server.Stop()
}
