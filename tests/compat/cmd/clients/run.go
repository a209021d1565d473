package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"etcdpp/tests/compat/internal/etcdproc"
	"etcdpp/tests/compat/internal/report"
)

const (
	startLimit   = 30 * time.Second
	programLimit = 5 * time.Minute
)

// run is one program against one server of its own.
//
// The program prints a line a check, "PASS name", "FAIL name: why" or
// "SKIP name: why", and last "N passed, N failed". For the line "RESTART" the
// server is killed and started again; a line on the program's standard input
// then tells that it serves.
type run struct {
	program program
	server  string
	folder  string
	verbose bool
	report  *report.Report

	passed, failed int // as counted here
	closing        string
}

func (r *run) play() {
	name := r.program.name
	err := os.MkdirAll(r.folder, 0o755)
	if err == nil {
		err = r.prepare()
	}
	var skip skipError
	switch {
	case errors.As(err, &skip):
		r.report.Skip(name, skip.reason)
	case err != nil:
		r.report.Fail(name+": build", err.Error())
	default:
		r.report.Outcome(name+": the program came to its end", "", r.serveAndTest())
	}
}

func (r *run) serveAndTest() error {
	data := filepath.Join(r.folder, "data")
	log := filepath.Join(r.folder, "server.log")
	for _, path := range []string{data, log} {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	server, err := etcdproc.New(etcdproc.Config{
		Binary: r.server, DataDir: data, LogPath: log,
		Args: []string{"--watch-progress-notify-interval=1s"},
	})
	if err != nil {
		return err
	}
	if err := server.StartReady(startLimit); err != nil {
		return err
	}
	err = errors.Join(r.test(server), server.Stop())
	if err == nil && r.failed == 0 {
		_ = os.RemoveAll(data)
	}
	return err
}

// test runs the program to its end.
func (r *run) test(server *etcdproc.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), programLimit)
	defer cancel()
	arguments := append(r.program.command[1:], server.Endpoint())
	command := exec.CommandContext(ctx, r.program.command[0], arguments...)
	if strings.Contains(command.Path, "/") && !filepath.IsAbs(command.Path) {
		command.Path = filepath.Join(r.folder, command.Path)
	}
	command.Dir = r.folder
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	errorLog, err := os.Create(filepath.Join(r.folder, "program.log"))
	if err != nil {
		return err
	}
	defer errorLog.Close()
	command.Stderr = errorLog
	input, err := command.StdinPipe()
	if err != nil {
		return err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	follow := r.follow(output, input, server)
	err = command.Wait()
	return errors.Join(follow, r.verdict(ctx, err))
}

// follow reads what the program prints until it closes its output.
func (r *run) follow(output io.Reader, input io.Writer, server *etcdproc.Server) error {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		check, why, _ := strings.Cut(rest, ": ")
		check = r.program.name + ": " + check
		switch word {
		case "PASS":
			r.passed++
			r.report.Pass(check, "")
		case "FAIL":
			r.failed++
			r.report.Fail(check, why)
		case "SKIP":
			r.report.Skip(check, why)
		case "RESTART":
			if err := restart(server); err != nil {
				return err
			}
			fmt.Fprintln(input)
		default:
			r.closing = lines.Text()
		}
	}
	return lines.Err()
}

func restart(server *etcdproc.Server) error {
	if err := server.Kill(); err != nil {
		return err
	}
	return server.StartReady(startLimit)
}

var closingLine = regexp.MustCompile(`^(\d+) passed, (\d+) failed(, \d+ skipped)?$`)

// verdict says whether the program told all of its checks. That it ends with an
// error is expected when one of them failed.
func (r *run) verdict(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("still running after %s", programLimit)
	}
	counts := closingLine.FindStringSubmatch(r.closing)
	if counts == nil || counts[1] != fmt.Sprint(r.passed) || counts[2] != fmt.Sprint(r.failed) {
		return fmt.Errorf("%d passed and %d failed, but its last line is %q (%v); see program.log in %s",
			r.passed, r.failed, r.closing, err, r.folder)
	}
	if r.failed > 0 {
		return nil
	}
	if r.passed == 0 {
		return errors.Join(errors.New("it has checked nothing"), err)
	}
	return err
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
