package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A network of its own for a test: the suites' ports (20000 and up) are fixed, so
// that two tests on one network would meet; and processes of its own, which end
// with the test. The address is for the test that wants one beside loopback; it
// is one that documentation uses (RFC 5737). All other addresses lead here, too, so
// that a look-up at a name server is refused at once, not waited for.
const (
	namespaces   = syscall.CLONE_NEWNET | syscall.CLONE_NEWPID
	setUpNetwork = `ip link set lo up && ip address add 192.0.2.1/24 dev lo && ip route add local default dev lo src 192.0.2.1 && exec "$0" "$@"`
)

// isolatedCommand runs program in a network and with processes of its own.
func isolatedCommand(ctx context.Context, program string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "sh", append([]string{"-c", setUpNetwork, program}, args...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	return command
}

// canIsolate tells whether this user may make such networks: root may.
func canIsolate() bool { return isolatedCommand(context.Background(), "true").Run() == nil }

// lockPorts keeps a second run on this machine waiting, where networks can't be
// told apart.
func lockPorts() (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "etcd-suites-ports.lock"),
		os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	return file, syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
}

const prSetChildSubreaper = 36

// becomeSubreaper makes servers that a dead test left behind our own children.
func becomeSubreaper() error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	if errno != 0 {
		return fmt.Errorf("prctl: %w", errno)
	}
	return nil
}

// killOrphans ends and reaps every child that is left.
func killOrphans() {
	for range 50 {
		children := childPids()
		if len(children) == 0 {
			return
		}
		for _, pid := range children {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func childPids() []int {
	var pids []int
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
