package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"etcdpp/tests/compat/internal/repo"
)

// Of the builds, those of Java and Rust are kept behind whatever else the
// machine is doing.
const (
	lightNice = "10"
	heavyNice = "19"
)

// skipError says why a client can't be tested on this machine.
type skipError struct{ reason string }

func (e skipError) Error() string { return e.reason }

// prepare builds the program in r.folder; what was built from the same sources
// stays.
func (r *run) prepare() error {
	for _, tool := range r.program.tools {
		if _, err := exec.LookPath(tool); err != nil {
			return skipError{tool + " is missing"}
		}
	}
	source := filepath.Join(repo.Root(), "tests/compat/clients", r.program.language)
	if r.program.language == "go" {
		return r.command(lightNice, filepath.Dir(filepath.Dir(source)), "go", "build", "-o", filepath.Join(r.folder, "client"), "./clients/go")
	}
	stamp, err := r.copySources(source)
	if err != nil {
		return err
	}
	stampPath := filepath.Join(r.folder, ".stamp")
	if built, err := os.ReadFile(stampPath); err == nil && string(built) == stamp {
		return nil
	}
	for _, arguments := range r.program.fetch {
		if err := r.command(lightNice, r.folder, arguments...); err != nil {
			return skipError{fmt.Sprintf("its packages can't be had: %v", err)}
		}
	}
	for _, arguments := range r.program.build {
		if err := r.command(heavyNice, r.folder, arguments...); err != nil {
			return err
		}
	}
	return os.WriteFile(stampPath, []byte(stamp), 0o644)
}

// copySources brings the sources into r.folder and returns a digest of them and
// of how they are built. A file whose content is the same keeps its time, which
// is what build tools look at.
func (r *run) copySources(source string) (string, error) {
	digest := sha256.New()
	fmt.Fprint(digest, r.program)
	err := filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintln(digest, path, len(content))
		digest.Write(content)
		relative, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		target := filepath.Join(r.folder, relative)
		if present, err := os.ReadFile(target); err == nil && string(present) == string(content) {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
	return fmt.Sprintf("%x", digest.Sum(nil)), err
}

// command runs a step of the build.
func (r *run) command(nice, folder string, arguments ...string) error {
	command := exec.Command("nice", append([]string{"-n", nice}, arguments...)...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	if r.verbose {
		os.Stderr.Write(output)
	}
	if err != nil {
		return fmt.Errorf("%v: %w: %s", arguments, err, lastLines(string(output), 5))
	}
	return nil
}
