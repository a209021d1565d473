package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"etcdpp/tests/compat/internal/cluster"
	"etcdpp/tests/compat/internal/wait"
)

// ours is the place of the server under test among the members.
const ours = 1

// stage is a cluster of a Go member, one of ours and another Go member.
type stage struct {
	*cluster.Cluster
	asked []*cluster.Member // those that take requests
}

func startStage(o options, folder string) (*stage, error) {
	c, err := cluster.Start(cluster.Config{
		Folder:   folder,
		Binaries: []string{o.GoEtcd(), o.Etcd, o.GoEtcd()},
		Args:     []string{"--snapshot-count=20", "--snapshot-catchup-entries=5", "--bcrypt-cost=4"},
	})
	if err != nil {
		return nil, err
	}
	s := &stage{Cluster: c}
	for i, member := range c.Members {
		if i != ours || o.ask == "all" {
			s.asked = append(s.asked, member)
		}
	}
	return s, nil
}

var appliedTotal = regexp.MustCompile(`(?m)^etcd_server_proposals_applied_total (\S+)$`)

// applied is the index of the last entry that the member has applied.
func applied(member *cluster.Member) (string, error) {
	limited := http.Client{Timeout: 5 * time.Second}
	answer, err := limited.Get("http://" + member.Endpoint() + "/metrics")
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
		return "", fmt.Errorf("%s does not say what it has applied", member.Name)
	}
	return string(found[1]), nil
}

// waitApplied waits until all members have applied the same, and for a second no
// more. (HashKV, which other tools wait for, knows nothing of users.)
func (s *stage) waitApplied() error {
	last, same := "", 0
	return wait.Until(cluster.ReadyWithin, 200*time.Millisecond, func() error {
		var now []string
		for _, member := range s.Members {
			index, err := applied(member)
			if err != nil {
				return err
			}
			now = append(now, index)
		}
		if now[0] == now[1] && now[0] == now[2] && now[0] == last {
			same++
		} else {
			same = 0
		}
		last = now[0]
		if same < 5 {
			return fmt.Errorf("the members have applied %v", now)
		}
		return nil
	})
}
