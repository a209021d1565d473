package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
)

const (
	readyWithin = 30 * time.Second
	agreeWithin = 30 * time.Second
)

// cluster is a set of members with writers at work on it.
type cluster struct {
	options options
	folder  string
	members []*etcdproc.Server
	started int // members ever, for their names
	load    *load
	watch   *watcher
}

func (c *cluster) newMember(binary string) (*etcdproc.Server, error) {
	name := fmt.Sprintf("m%d", c.started)
	c.started++
	member, err := etcdproc.New(etcdproc.Config{
		Binary:  binary,
		DataDir: filepath.Join(c.folder, name+".etcd"),
		LogPath: filepath.Join(c.folder, name+".log"),
	})
	if err != nil {
		return nil, err
	}
	member.Args = []string{"--name=" + name, fmt.Sprintf("--snapshot-count=%d", c.options.snapshotCount), "--snapshot-catchup-entries=50"}
	return member, nil
}

func peerURL(member *etcdproc.Server) string {
	return fmt.Sprintf("http://127.0.0.1:%d", member.PeerPort)
}

func nameOf(member *etcdproc.Server) string { return strings.TrimPrefix(member.Args[0], "--name=") }

func (c *cluster) initialCluster() string {
	var pairs []string
	for _, member := range c.members {
		pairs = append(pairs, nameOf(member)+"="+peerURL(member))
	}
	return "--initial-cluster=" + strings.Join(pairs, ",")
}

func startCluster(o options, name string, binaries []string) (*cluster, error) {
	c := &cluster{options: o, folder: filepath.Join(o.work, name)}
	if err := os.RemoveAll(c.folder); err != nil {
		return nil, err
	}
	for _, binary := range binaries {
		member, err := c.newMember(binary)
		if err != nil {
			return nil, err
		}
		c.members = append(c.members, member)
	}
	for _, member := range c.members {
		member.Args = append(member.Args, c.initialCluster())
		if err := member.Start(); err != nil {
			return nil, err
		}
	}
	for _, member := range c.members {
		if err := member.WaitReady(readyWithin); err != nil {
			c.close()
			return nil, err
		}
	}
	c.load = startLoad(c.endpoints(), o.writers)
	var err error
	c.watch, err = startWatcher(c.endpoints())
	return c, err
}

func (c *cluster) allOurs() bool {
	for _, member := range c.members {
		if member.Binary != c.options.server {
			return false
		}
	}
	return true
}

func (c *cluster) endpoints() []string {
	var all []string
	for _, member := range c.members {
		all = append(all, member.Endpoint())
	}
	return all
}

func (c *cluster) close() {
	if c.load != nil {
		c.load.stop()
	}
	if c.watch != nil {
		c.watch.stop()
	}
	for _, member := range c.members {
		_ = member.Kill()
	}
}

// on runs work with a client of one member.
func on(member *etcdproc.Server, work func(context.Context, *clientv3.Client) error) error {
	one, err := client.V3(member.Endpoint())
	if err != nil {
		return err
	}
	defer one.Close()
	ctx, cancel := client.Timeout(10 * time.Second)
	defer cancel()
	return work(ctx, one)
}

// idsAndLeader asks one member after the other who it is and who leads.
func (c *cluster) idsAndLeader() ([]uint64, int, error) {
	ids, leader := make([]uint64, len(c.members)), -1
	var leaderID uint64
	for i, member := range c.members {
		err := on(member, func(ctx context.Context, one *clientv3.Client) error {
			status, err := one.Status(ctx, member.Endpoint())
			if err == nil {
				ids[i], leaderID = status.Header.MemberId, status.Leader
			}
			return err
		})
		if err != nil {
			return nil, -1, err
		}
	}
	for i, id := range ids {
		if id == leaderID {
			leader = i
		}
	}
	if leader < 0 {
		return nil, -1, errors.New("nobody leads")
	}
	return ids, leader, nil
}

func (c *cluster) leader() (int, error) {
	var last error
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		_, leader, err := c.idsAndLeader()
		if err == nil {
			return leader, nil
		}
		last = err
	}
	return -1, last
}

// check stops the writers, waits until all members agree and looks for every
// acknowledged write on each of them, and in what the watch has told; then the
// writers go on.
func (c *cluster) check() error {
	acked := c.load.pause()
	defer func() { c.load = startLoadAfter(c.endpoints(), c.options.writers, c.load) }()
	if acked == 0 {
		return errors.New("no write was acknowledged since the last check")
	}
	if err := c.agree(); err != nil {
		return err
	}
	for _, member := range c.members {
		err := on(member, func(ctx context.Context, one *clientv3.Client) error { return c.load.verify(ctx, one) })
		if err != nil {
			return fmt.Errorf("%s: %w", nameOf(member), err)
		}
	}
	return c.checkWatch()
}

// checkWatch ends the watch once it has told everything, and goes on with a client
// of the members that there are now.
func (c *cluster) checkWatch() error {
	if err := c.watch.verify(c.load.acked); err != nil {
		return err
	}
	c.watch.stop()
	next, err := startWatcherAfter(c.endpoints(), c.watch)
	if err == nil {
		c.watch = next
	}
	return err
}

// agree waits until HashKV at one revision is the same everywhere.
func (c *cluster) agree() error {
	var last error
	for deadline := time.Now().Add(agreeWithin); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if last = c.sameHash(); last == nil {
			return nil
		}
	}
	return last
}

func (c *cluster) sameHash() error {
	var revision int64
	var hashes []string
	for _, member := range c.members {
		err := on(member, func(ctx context.Context, one *clientv3.Client) error {
			if revision == 0 {
				got, err := one.Get(ctx, "any")
				if err != nil {
					return err
				}
				revision = got.Header.Revision
			}
			hash, err := one.HashKV(ctx, member.Endpoint(), revision)
			if err == nil {
				hashes = append(hashes, fmt.Sprintf("%d/%d", hash.Hash, hash.CompactRevision))
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", nameOf(member), err)
		}
	}
	for _, hash := range hashes {
		if hash != hashes[0] {
			return fmt.Errorf("HashKV at revision %d differs: %v", revision, hashes)
		}
	}
	return nil
}
