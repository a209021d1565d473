// mvccscripts runs the scripts of src/mvcc/testdata/etcd against the store of etcd itself and writes its output into them, so that they say what
// etcd does:
//
//	go run ./cmd/mvccscripts ../../src/mvcc/testdata/etcd/*.txt
//
// The commands are explained in src/mvcc/script_test.cc.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := rewrite(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func rewrite(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "mvccscripts")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	r := newRunner(folder)
	defer r.close()
	var out strings.Builder
	for _, block := range blocks(string(text)) {
		if len(block.input) == 0 {
			out.WriteString(block.comments)
			continue
		}
		fmt.Fprintf(&out, "%s%s\n----\n%s", block.comments, strings.Join(block.input, "\n"), r.run(block.input))
	}
	return os.WriteFile(path, []byte(out.String()), 0o644)
}

type block struct {
	comments string // and blank lines
	input    []string
}

// blocks splits a script, leaving its outputs out.
func blocks(text string) []block {
	var all []block
	var current block
	inOutput := false
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case inOutput && line != "":
		case line == "----":
			all = append(all, current)
			current = block{}
			inOutput = true
		case len(current.input) == 0 && (line == "" || strings.HasPrefix(line, "#")):
			inOutput = false
			current.comments += line + "\n"
		default:
			current.input = append(current.input, line)
		}
	}
	return append(all, current)
}
