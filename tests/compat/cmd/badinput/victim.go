package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
	"etcdpp/tests/compat/internal/etcdproc"
)

// victim is a server and what it has acknowledged.
type victim struct {
	*etcdproc.Server
	acked   map[string]string
	count   int
	tlsPort int // of a second client listener; 0: there is none
}

// newVictim makes a server that isn't started; the last of equal flags wins.
func (st *stage) newVictim(binary string, flags ...string) (*victim, error) {
	st.servers++
	name := fmt.Sprintf("server-%d", st.servers)
	server, err := etcdproc.New(etcdproc.Config{
		Binary:  binary,
		DataDir: filepath.Join(st.folder, name),
		LogPath: filepath.Join(st.folder, name+".log"),
		Args:    append([]string{"--heartbeat-interval=20", "--election-timeout=200"}, flags...),
	})
	return &victim{Server: server, acked: map[string]string{}}, err
}

// startVictim starts a server and lets it acknowledge some writes.
func (st *stage) startVictim(binary string, flags ...string) (*victim, error) {
	v, err := st.newVictim(binary, flags...)
	if err != nil {
		return nil, err
	}
	if err := v.StartReady(30 * time.Second); err != nil {
		return nil, err
	}
	return v, v.write(100, 100)
}

func (v *victim) raw(use func(*client.Raw) error) error {
	raw, err := client.NewRaw(v.Endpoint())
	if err != nil {
		return err
	}
	defer raw.Close()
	return use(raw)
}

// write puts `count` new keys and remembers those that were acknowledged.
func (v *victim) write(count, size int) error {
	return v.raw(func(raw *client.Raw) error {
		for range count {
			key := fmt.Sprintf("acked/%06d", v.count)
			value := fmt.Sprintf("%d:", v.count) + strings.Repeat("v", size)
			v.count++
			ctx, cancel := client.Timeout(5 * time.Second)
			_, err := raw.KV.Put(ctx, &pb.PutRequest{Key: []byte(key), Value: []byte(value)})
			cancel()
			if err != nil {
				return err
			}
			v.acked[key] = value
		}
		return nil
	})
}

// intact checks that the process lives, has all that it acknowledged, and takes
// new writes.
func (v *victim) intact() error {
	if !v.Running() {
		return fmt.Errorf("the server ended: %s", v.LastLines(5))
	}
	if err := v.keeps(); err != nil {
		return err
	}
	return v.write(1, 10)
}

// term is raft's: it grows with every election.
func (v *victim) term() (term uint64, err error) {
	err = v.raw(func(raw *client.Raw) error {
		ctx, cancel := client.Timeout(20 * time.Second)
		defer cancel()
		answer, err := raw.KV.Range(ctx, &pb.RangeRequest{Key: []byte("acked/")})
		term = answer.GetHeader().GetRaftTerm()
		return err
	})
	return term, err
}

// keeps checks that all that was acknowledged is there.
func (v *victim) keeps() error {
	return v.raw(func(raw *client.Raw) error {
		ctx, cancel := client.Timeout(20 * time.Second)
		defer cancel()
		answer, err := raw.KV.Range(ctx,
			&pb.RangeRequest{Key: []byte("acked/"), RangeEnd: []byte("acked0")})
		if err != nil {
			return err
		}
		found := map[string]string{}
		for _, kv := range answer.Kvs {
			found[string(kv.Key)] = string(kv.Value)
		}
		for key, value := range v.acked {
			if found[key] != value {
				return fmt.Errorf("%s: acknowledged value is missing or different", key)
			}
		}
		return nil
	})
}

// restart starts the stopped server again and checks that nothing is missing.
func (v *victim) restart() error {
	if err := v.StartReady(30 * time.Second); err != nil {
		return err
	}
	return v.intact()
}

// ending describes how a process that should have ended did so. A signal is a
// crash, and so is an end without a word.
func (v *victim) ending(limit time.Duration) (string, error) {
	state, err := v.WaitExit(limit)
	if err != nil {
		return "", err
	}
	line := lastMessage(v.Log())
	if !state.Exited() {
		return "", fmt.Errorf("ended by %s: %s", state, line)
	}
	if state.ExitCode() == 0 {
		return "", fmt.Errorf("ended with exit code 0: %s", line)
	}
	if line == "" {
		return "", fmt.Errorf("ended with %s and no message", state)
	}
	return fmt.Sprintf("%s: %s", state, line), nil
}

// lastMessage is the last fatal, panic or error line of a log, or else its last.
func lastMessage(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		for _, level := range []string{"fatal", "panic", "error"} {
			if strings.Contains(lines[i], `"level":"`+level+`"`) ||
				strings.HasPrefix(lines[i], level+":") {
				return shorten(lines[i])
			}
		}
	}
	return shorten(lines[len(lines)-1])
}

func shorten(line string) string {
	if at := strings.Index(line, `"msg"`); at > 0 {
		line = line[at:]
	}
	if at := strings.Index(line, `,"stacktrace"`); at > 0 {
		line = line[:at]
	}
	if len(line) > 300 {
		line = line[:300] + "…"
	}
	return line
}
