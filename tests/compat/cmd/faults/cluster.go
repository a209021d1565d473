package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
)

const readyWithin = 60 * time.Second

type cluster struct {
	options options
	members []*etcdproc.Server
	network *network
}

func startCluster(folder string, o options) (*cluster, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	c := &cluster{options: o, network: newNetwork()}
	var pairs, peers []string
	for i := range 3 {
		binary := o.server
		if o.mixed && i == 0 {
			binary = filepath.Join(o.reference, "etcd")
		}
		member, err := etcdproc.New(etcdproc.Config{
			Binary:  binary,
			DataDir: filepath.Join(folder, fmt.Sprintf("m%d.etcd", i)),
			LogPath: filepath.Join(folder, fmt.Sprintf("m%d.log", i)),
		})
		if err != nil {
			return nil, err
		}
		port, err := c.network.open(i, member.PeerPort)
		if err != nil {
			return nil, err
		}
		peers = append(peers, fmt.Sprintf("http://127.0.0.1:%d", port))
		pairs = append(pairs, fmt.Sprintf("m%d=%s", i, peers[i]))
		c.members = append(c.members, member)
	}
	for i, member := range c.members {
		member.Args = []string{fmt.Sprintf("--name=m%d", i), "--snapshot-count=1000", "--initial-advertise-peer-urls=" + peers[i],
			"--initial-cluster=" + strings.Join(pairs, ",")}
		if err := member.Start(); err != nil {
			c.close()
			return nil, err
		}
	}
	if err := c.wait(); err != nil {
		c.close()
		return nil, err
	}
	return c, c.learnNames()
}

func (c *cluster) learnNames() error {
	for i, member := range c.members {
		status, err := c.status(member)
		if err != nil {
			return err
		}
		c.network.mu.Lock()
		c.network.names[fmt.Sprintf("%x", status.Header.MemberId)] = i
		c.network.mu.Unlock()
	}
	return nil
}

func (c *cluster) endpoints() []string {
	var all []string
	for _, member := range c.members {
		all = append(all, member.Endpoint())
	}
	return all
}

func (c *cluster) close() {
	for _, member := range c.members {
		_ = member.Kill()
	}
	c.network.close()
}

func (c *cluster) on(member *etcdproc.Server, work func(context.Context, *clientv3.Client) error) error {
	one, err := client.V3(member.Endpoint())
	if err != nil {
		return err
	}
	defer one.Close()
	ctx, cancel := client.Timeout(5 * time.Second)
	defer cancel()
	return work(ctx, one)
}

func (c *cluster) status(member *etcdproc.Server) (status *clientv3.StatusResponse, err error) {
	err = c.on(member, func(ctx context.Context, one *clientv3.Client) (err error) {
		status, err = one.Status(ctx, member.Endpoint())
		return err
	})
	return status, err
}

// leader is the one that a majority names.
func (c *cluster) leader() (int, error) {
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		votes := map[uint64]int{}
		ids := map[uint64]int{}
		for i, member := range c.members {
			if status, err := c.status(member); err == nil {
				ids[status.Header.MemberId] = i
				votes[status.Leader]++
			}
		}
		for id, count := range votes {
			if i, known := ids[id]; known && count >= 2 {
				return i, nil
			}
		}
	}
	return -1, errors.New("nobody leads")
}

// wait until every member reads and writes again.
func (c *cluster) wait() error {
	for i, member := range c.members {
		var last error = errors.New("never asked")
		for deadline := time.Now().Add(readyWithin); last != nil && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			last = c.on(member, func(ctx context.Context, one *clientv3.Client) error {
				_, err := one.Put(ctx, "waiting", fmt.Sprint(i))
				return err
			})
		}
		if last != nil {
			return fmt.Errorf("m%d does not serve: %w", i, last)
		}
	}
	return nil
}

func (c *cluster) signal(member int, signal syscall.Signal) error {
	return syscall.Kill(c.members[member].Pid(), signal)
}

// agree waits until HashKV at one revision is the same everywhere.
func (c *cluster) agree() (last error) {
	for deadline := time.Now().Add(readyWithin); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if last = c.sameHash(); last == nil {
			return nil
		}
	}
	return last
}

func (c *cluster) sameHash() error {
	var revision int64
	hashes := map[uint32]bool{}
	for _, member := range c.members {
		err := c.on(member, func(ctx context.Context, one *clientv3.Client) error {
			if revision == 0 {
				got, err := one.Get(ctx, "any")
				if err != nil {
					return err
				}
				revision = got.Header.Revision
			}
			hash, err := one.HashKV(ctx, member.Endpoint(), revision)
			if err == nil {
				hashes[hash.Hash] = true
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(hashes) != 1 {
		return fmt.Errorf("HashKV at revision %d differs: %v", revision, hashes)
	}
	return nil
}
