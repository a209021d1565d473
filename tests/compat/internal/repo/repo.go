// Package repo knows where the repository keeps what these tools run.
package repo

import (
	"os"
	"path/filepath"
)

// Root is the repository's top folder: the nearest parent that holds
// tests/compat/go.mod. It is "." where there is none.
func Root() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, statErr := os.Stat(filepath.Join(dir, "tests/compat/go.mod")); statErr == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return "."
}

// ServerUnderTest is the default path of the server that is tested.
func ServerUnderTest() string { return filepath.Join(Root(), "build/release/bin/etcd") }

// Reference is the folder into which build.sh puts Go's programs and suites.
func Reference() string { return filepath.Join(Root(), "build/reference") }

// Work is the default folder for logs and data of the tool called name.
func Work(name string) string { return filepath.Join(Root(), "build/compat", name) }
