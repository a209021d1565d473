package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"etcdpp/tests/compat/internal/etcdproc"
)

const readyWithin = 60 * time.Second

// cluster is a Go member, one of ours and another Go member.
type cluster struct {
	members []*etcdproc.Server
	asked   []*etcdproc.Server // those that take requests
}

func startCluster(o options, folder string) (*cluster, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	reference := filepath.Join(o.reference, "etcd")
	c := &cluster{}
	var initial []string
	for i, binary := range []string{reference, o.server, reference} {
		name := fmt.Sprintf("m%d", i)
		member, err := etcdproc.New(etcdproc.Config{
			Binary: binary, DataDir: filepath.Join(folder, name+".etcd"), LogPath: filepath.Join(folder, name+".log"),
		})
		if err != nil {
			return nil, err
		}
		member.Args = []string{"--name=" + name, "--snapshot-count=20", "--snapshot-catchup-entries=5"}
		if i != 1 || o.ask == "all" {
			member.Args = append(member.Args, "--bcrypt-cost=4")
			c.asked = append(c.asked, member)
		}
		initial = append(initial, fmt.Sprintf("%s=http://127.0.0.1:%d", name, member.PeerPort))
		c.members = append(c.members, member)
	}
	for _, member := range c.members {
		member.Args = append(member.Args, "--initial-cluster="+strings.Join(initial, ","))
		if err := member.Start(); err != nil {
			c.kill()
			return nil, err
		}
	}
	for _, member := range c.members {
		if err := member.WaitReady(readyWithin); err != nil {
			c.kill()
			return nil, err
		}
	}
	return c, nil
}

func (c *cluster) ours() *etcdproc.Server { return c.members[1] }

func (c *cluster) kill() {
	for _, member := range c.members {
		_ = member.Kill()
	}
}

var appliedTotal = regexp.MustCompile(`(?m)^etcd_server_proposals_applied_total (\S+)$`)

func applied(member *etcdproc.Server) (string, error) {
	answer, err := http.Get("http://" + member.Endpoint() + "/metrics")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	found := appliedTotal.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("%s does not say what it has applied", member.LogPath)
	}
	return string(found[1]), nil
}

// waitApplied waits until all members have applied the same, and for a while no more.
func (c *cluster) waitApplied(limit time.Duration) error {
	var last []string
	same := 0
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var now []string
		for _, member := range c.members {
			index, err := applied(member)
			if err != nil {
				return err
			}
			now = append(now, index)
		}
		if now[0] == now[1] && now[0] == now[2] && (last == nil || now[0] == last[0]) {
			same++
		} else {
			same = 0
		}
		last = now
		if same >= 5 {
			return nil
		}
	}
	return fmt.Errorf("the members have applied %v", last)
}

// compare reads a bucket of each member's db, now that they have stopped.
func (c *cluster) compare(bucket string) error {
	var first map[string][]byte
	for i, member := range c.members {
		records, err := read(filepath.Join(member.DataDir, "member", "snap", "db"), bucket)
		if err != nil {
			return fmt.Errorf("%s: %w", member.DataDir, err)
		}
		if i == 0 {
			first = records
			continue
		}
		if err := difference(first, records); err != nil {
			return fmt.Errorf("bucket %s of members 0 and %d: %w", bucket, i, err)
		}
	}
	fmt.Printf("  %s: %d records, equal on all members\n", bucket, len(first))
	return nil
}

func read(path, bucket string) (map[string][]byte, error) {
	db, err := bbolt.Open(path, 0o400, &bbolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	records := map[string][]byte{}
	err = db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return fmt.Errorf("no bucket %s", bucket)
		}
		return b.ForEach(func(k, v []byte) error {
			records[string(k)] = bytes.Clone(v)
			return nil
		})
	})
	return records, err
}

func difference(a, b map[string][]byte) error {
	for key, value := range a {
		other, ok := b[key]
		if !ok {
			return fmt.Errorf("%q is missing", key)
		}
		if !bytes.Equal(value, other) {
			return fmt.Errorf("%q: %x and %x", key, value, other)
		}
	}
	if len(a) != len(b) {
		return fmt.Errorf("%d and %d records", len(a), len(b))
	}
	return nil
}
