// Package cluster runs several servers, ours and Go's, as one cluster. They keep
// their names, ports and folders over restarts. What happens to them is up to the
// tool that starts them; what any cluster should agree on is asked here.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/etcdproc"
	"etcdpp/tests/compat/internal/wait"
)

// ReadyWithin is what a member may take to come back, or a cluster to find a
// leader or to agree.
const ReadyWithin = 60 * time.Second

// Config says what a cluster begins with.
type Config struct {
	Folder   string   // for logs and data; what it held is removed
	Binaries []string // one a member
	Args     []string // of every member
	// PeerURL gives the URL under which the others reach the member of that number,
	// which listens on port. Without it they reach the port itself.
	PeerURL func(number, port int) (string, error)
}

// Cluster is a set of members. It may be changed between two calls.
type Cluster struct {
	Members []*Member
	config  Config
	made    int // members ever, for their names
}

// Start starts a fresh cluster and waits until each member serves.
func Start(config Config) (*Cluster, error) {
	if err := os.RemoveAll(config.Folder); err != nil {
		return nil, err
	}
	c := &Cluster{config: config}
	for _, binary := range config.Binaries {
		member, err := c.NewMember(binary)
		if err != nil {
			return nil, err
		}
		c.Members = append(c.Members, member)
	}
	if err := c.startAll(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) startAll() error {
	for _, member := range c.Members {
		member.Args = append(member.Args, c.InitialCluster())
		if err := member.Start(); err != nil {
			return err
		}
	}
	return c.WaitReady()
}

// WaitReady waits until each member, just started, serves.
func (c *Cluster) WaitReady() error {
	for _, member := range c.Members {
		if err := member.WaitReady(ReadyWithin); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
	}
	return nil
}

// NewMember makes a member that is neither started nor among c.Members yet.
func (c *Cluster) NewMember(binary string) (*Member, error) {
	number := c.made
	c.made++
	name := fmt.Sprintf("m%d", number)
	server, err := etcdproc.New(etcdproc.Config{
		Binary:  binary,
		DataDir: filepath.Join(c.config.Folder, name+".etcd"),
		LogPath: filepath.Join(c.config.Folder, name+".log"),
	})
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", server.PeerPort)
	if c.config.PeerURL != nil {
		if url, err = c.config.PeerURL(number, server.PeerPort); err != nil {
			return nil, err
		}
	}
	server.Args = append([]string{"--name=" + name, "--initial-advertise-peer-urls=" + url}, c.config.Args...)
	return &Member{Server: server, Name: name, PeerURL: url}, nil
}

// InitialCluster is the flag that tells a member of all members.
func (c *Cluster) InitialCluster() string {
	var pairs []string
	for _, member := range c.Members {
		pairs = append(pairs, member.Name+"="+member.PeerURL)
	}
	return "--initial-cluster=" + strings.Join(pairs, ",")
}

// Endpoints are host:port of the members' client listeners.
func (c *Cluster) Endpoints() []string {
	var all []string
	for _, member := range c.Members {
		all = append(all, member.Endpoint())
	}
	return all
}

// Close kills all members.
func (c *Cluster) Close() {
	for _, member := range c.Members {
		_ = member.Kill()
	}
}

// Leader waits until a majority names the same member as the one that leads, and
// returns its place in c.Members.
func (c *Cluster) Leader() (leader int, err error) {
	err = wait.Until(ReadyWithin, 50*time.Millisecond, func() (err error) {
		leader, err = c.leaderNow()
		return err
	})
	return leader, err
}

func (c *Cluster) leaderNow() (int, error) {
	places, votes := map[uint64]int{}, map[uint64]int{}
	var failed error
	for place, member := range c.Members {
		status, err := member.Status()
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		places[status.Header.MemberId] = place
		votes[status.Leader]++
	}
	for id, count := range votes {
		if place, known := places[id]; known && count > len(c.Members)/2 {
			return place, nil
		}
	}
	return -1, errors.Join(errors.New("nobody leads"), failed)
}

// Agree waits until HashKV at one revision, with the revision of the last
// compaction, is the same on all members. The revision is a recent one: a member
// that has not come as far yet is waited for.
func (c *Cluster) Agree() error {
	return wait.Until(ReadyWithin, 100*time.Millisecond, c.sameHash)
}

func (c *Cluster) sameHash() error {
	var revision int64
	var hashes []string
	for _, member := range c.Members {
		err := member.Do(func(ctx context.Context, one *clientv3.Client) error {
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
			return err
		}
	}
	for _, hash := range hashes {
		if hash != hashes[0] {
			return fmt.Errorf("HashKV at revision %d differs: %v", revision, hashes)
		}
	}
	return nil
}
