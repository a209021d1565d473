// Package etcdproc starts and ends one etcd server, ours or Go's, as a child
// process that keeps its ports, flags and data folder over restarts.
package etcdproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ReadyLine is what a server logs once it serves clients.
const ReadyLine = "ready to serve client requests"

// Config describes a member. Zero ports are picked by New.
type Config struct {
	Binary     string
	DataDir    string
	LogPath    string // appended to over restarts
	ClientPort int
	PeerPort   int
	Args       []string // after the flags that Config implies; the last one wins
	Env        []string // added to this process's environment
}

// Server is one member; at most one process of it runs at a time.
type Server struct {
	Config
	command *exec.Cmd
	logFrom int64 // where the running process's lines begin in the log
	exited  chan struct{}
}

// New picks free ports where config has none; it starts nothing.
func New(config Config) (*Server, error) {
	for _, port := range []*int{&config.ClientPort, &config.PeerPort} {
		if *port != 0 {
			continue
		}
		free, err := freePort()
		if err != nil {
			return nil, err
		}
		*port = free
	}
	if err := os.MkdirAll(filepath.Dir(config.LogPath), 0o755); err != nil {
		return nil, err
	}
	return &Server{Config: config}, nil
}

// Endpoint is host:port of the client listener.
func (s *Server) Endpoint() string { return fmt.Sprintf("127.0.0.1:%d", s.ClientPort) }

// Pid of the running process.
func (s *Server) Pid() int { return s.command.Process.Pid }

func (s *Server) arguments() []string {
	client := fmt.Sprintf("http://127.0.0.1:%d", s.ClientPort)
	peer := fmt.Sprintf("http://127.0.0.1:%d", s.PeerPort)
	return append([]string{
		"--name=default",
		"--data-dir=" + s.DataDir,
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
	}, s.Args...)
}

// Start starts the process and doesn't wait for it to be ready.
func (s *Server) Start() error {
	log, err := os.OpenFile(s.LogPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	if s.logFrom, err = log.Seek(0, 2); err != nil {
		return err
	}
	s.command = exec.Command(s.Binary, s.arguments()...)
	s.command.Stdout, s.command.Stderr = log, log
	s.command.Env = append(os.Environ(), s.Env...)
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func(command *exec.Cmd, exited chan struct{}) {
		_ = command.Wait()
		close(exited)
	}(s.command, s.exited)
	return nil
}

// StartReady starts the process and waits until it serves, at most timeout.
func (s *Server) StartReady(timeout time.Duration) error {
	if err := s.Start(); err != nil {
		return err
	}
	return s.WaitReady(timeout)
}

// WaitReady waits until the running process has logged ReadyLine.
func (s *Server) WaitReady(timeout time.Duration) error {
	return s.WaitLog(ReadyLine, timeout)
}

// WaitLog waits until the running process has logged text.
func (s *Server) WaitLog(text string, timeout time.Duration) error {
	deadline := time.After(timeout)
	for {
		if strings.Contains(s.Log(), text) {
			return nil
		}
		select {
		case <-s.exited:
			if strings.Contains(s.Log(), text) {
				return nil
			}
			return fmt.Errorf("%s exited (%s) before %q: %s", s.Binary,
				s.command.ProcessState, text, s.LastLines(3))
		case <-deadline:
			return fmt.Errorf("%s has not logged %q within %s: %s", s.Binary, text,
				timeout, s.LastLines(3))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Log is all that the running (or last) process has written.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.LogPath)
	if err != nil || int64(len(text)) < s.logFrom {
		return ""
	}
	return string(text[s.logFrom:])
}

// LastLines are the last n lines of Log.
func (s *Server) LastLines(n int) string {
	lines := strings.Split(strings.TrimSpace(s.Log()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Running says whether the process is there.
func (s *Server) Running() bool {
	if s.exited == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// WaitExit waits for the process to end by itself and returns its state.
func (s *Server) WaitExit(timeout time.Duration) (*os.ProcessState, error) {
	if !s.Running() {
		return s.command.ProcessState, nil
	}
	select {
	case <-s.exited:
		return s.command.ProcessState, nil
	case <-time.After(timeout):
		return nil, fmt.Errorf("%s still runs after %s", s.Binary, timeout)
	}
}

// Stop ends the process by SIGTERM; one that hangs is killed and reported.
func (s *Server) Stop() error {
	if !s.Running() {
		return nil
	}
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if _, err := s.WaitExit(20 * time.Second); err != nil {
		return errors.Join(err, s.Kill())
	}
	return nil
}

// Kill ends the process by SIGKILL and waits until it is gone.
func (s *Server) Kill() error {
	if !s.Running() {
		return nil
	}
	if err := s.command.Process.Kill(); err != nil {
		return err
	}
	<-s.exited
	return nil
}

// Run runs a program to its end and returns its merged output.
func Run(ctx context.Context, program string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	output, err := command.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("%s %s: %w: %s", filepath.Base(program),
			strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}
