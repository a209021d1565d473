package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
	"etcdpp/tests/compat/internal/report"
	"etcdpp/tests/compat/internal/state"
)

// scene is one run of the whole exchange; each server is ended by `stop`.
type scene struct {
	options
	name   string
	stop   syscall.Signal
	report *report.Report

	folder   *etcdproc.Server // ports and data folder; Binary changes
	last     *state.State     // what the last server said before it ended
	saved    *state.State     // what our server said when it gave the snapshot
	snapshot string
}

// step is one check; the steps after a failed one have nothing to stand on.
type step struct {
	name string
	run  func() (detail string, err error)
}

func (s *scene) play() {
	if err := s.prepare(); err != nil {
		s.report.Fail(s.name, err.Error())
		return
	}
	defer func() { _ = s.folder.Kill() }()
	for _, step := range []step{
		{"Go etcd writes a data folder", s.goWrites},
		{"ours starts on it: same data, same HashKV", s.oursStarts},
		{"ours writes more", s.oursWrites},
		{"etcdctl saves a snapshot from ours", s.saveSnapshot},
		{"ours starts again on its own folder", s.oursRestarts},
		{"Go etcd starts on it: same data, same HashKV", s.goReturns},
		{"Go etcd writes more, ours starts again", s.oursReturns},
		{"etcdutl reads our snapshot", s.snapshotStatus},
		{"restored snapshot: ours and Go etcd agree", s.restorePlain},
		{"restored with bumped revision: ours and Go etcd agree", s.restoreBumped},
	} {
		detail, err := step.run()
		s.report.Outcome(s.name+": "+step.name, detail, err)
		if err != nil {
			return
		}
	}
	if !s.keep {
		_ = os.RemoveAll(s.Work)
	}
}

func (s *scene) prepare() (err error) {
	if err = os.RemoveAll(s.Work); err != nil {
		return err
	}
	s.snapshot = filepath.Join(s.Work, "snapshot.db")
	s.folder, err = etcdproc.New(etcdproc.Config{
		DataDir: filepath.Join(s.Work, "data"),
		LogPath: filepath.Join(s.Work, "server.log"),
		Args:    []string{"--snapshot-count=100"},
	})
	return err
}

func (s *scene) start(binary string) error {
	s.folder.Binary = binary
	return s.folder.StartReady(30 * time.Second)
}

// write runs the workload under a key prefix of its own and remembers the state.
func (s *scene) write(prefix string) (string, error) {
	c, err := client.V3(s.folder.Endpoint())
	if err != nil {
		return "", err
	}
	defer c.Close()
	ctx, cancel := client.Timeout(2 * time.Minute)
	defer cancel()
	work := workload{client: c, random: rand.New(rand.NewSource(s.seed + int64(len(prefix)))),
		prefix: prefix, keys: s.keys}
	if err := work.run(ctx); err != nil {
		return "", fmt.Errorf("writing: %w", err)
	}
	if s.last, err = state.Capture(s.folder.Endpoint()); err != nil {
		return "", err
	}
	return s.last.String(), nil
}

// end stops the server by the scene's signal and checks the db file.
func (s *scene) end() error {
	stop := s.folder.Stop
	if s.stop == syscall.SIGKILL {
		stop = s.folder.Kill
	}
	if err := stop(); err != nil {
		return err
	}
	return s.checkFile(filepath.Join(s.folder.DataDir, "member/snap/db"))
}

func (s *scene) checkFile(path string) error {
	ctx, cancel := client.Timeout(time.Minute)
	defer cancel()
	_, err := etcdproc.Run(ctx, filepath.Join(s.Reference, "bbolt"), "check", path)
	return err
}

// compare captures the running server's state and compares it with the last.
func (s *scene) compare() (string, error) {
	now, err := state.Capture(s.folder.Endpoint())
	if err != nil {
		return "", err
	}
	if err := s.last.SameMember(now); err != nil {
		return "", err
	}
	return now.String(), nil
}

func (s *scene) goWrites() (string, error) {
	if err := s.start(s.GoEtcd()); err != nil {
		return "", err
	}
	detail, err := s.write("go")
	if err != nil {
		return "", err
	}
	if err := s.end(); err != nil {
		return "", err
	}
	snaps, err := filepath.Glob(filepath.Join(s.folder.DataDir, "member/snap/*.snap"))
	if err == nil && len(snaps) == 0 {
		err = errors.New("no .snap file was written")
	}
	return fmt.Sprintf("%s, %d .snap files", detail, len(snaps)), err
}

func (s *scene) oursStarts() (string, error) {
	if err := s.start(s.Etcd); err != nil {
		return "", err
	}
	return s.compare()
}

func (s *scene) oursWrites() (string, error) { return s.write("ours") }

func (s *scene) oursRestarts() (string, error) {
	if err := s.end(); err != nil {
		return "", err
	}
	return s.oursStarts()
}

func (s *scene) goReturns() (string, error) {
	if err := s.end(); err != nil {
		return "", err
	}
	if err := s.start(s.GoEtcd()); err != nil {
		return "", err
	}
	return s.compare()
}

func (s *scene) oursReturns() (string, error) {
	if _, err := s.write("go-again"); err != nil {
		return "", err
	}
	if err := s.end(); err != nil {
		return "", err
	}
	detail, err := s.oursStarts()
	if err != nil {
		return "", err
	}
	return detail, s.end()
}

func (s *scene) saveSnapshot() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := etcdproc.Run(ctx, filepath.Join(s.Reference, "etcdctl"),
		"--endpoints="+s.folder.Endpoint(), "snapshot", "save", s.snapshot)
	if err != nil {
		return "", err
	}
	s.saved = s.last
	return "", s.checkFile(s.snapshot)
}
