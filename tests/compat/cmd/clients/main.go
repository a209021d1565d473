// Command clients runs one program for each official client of etcd (Go, Java,
// Python, Node and Rust; clients/ has their sources) against a server and
// counts their checks. A client whose toolchain or packages are not to be had
// here is skipped.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"etcdpp/tests/compat/internal/repo"
	"etcdpp/tests/compat/internal/report"
)

func main() {
	server := flag.String("etcd", repo.ServerUnderTest(), "the server under test")
	reference := flag.Bool("reference", false, "test Go etcd instead, the one that build.sh makes")
	work := flag.String("work", repo.Work("clients"), "folder for builds, logs and data")
	verbose := flag.Bool("v", false, "show what the builds print")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "Usage: clients [FLAGS] [%s ...]\n", strings.Join(languages(), "|"))
		flag.PrintDefaults()
	}
	flag.Parse()
	if *reference {
		*server = filepath.Join(repo.Reference(), "etcd")
	}
	for _, path := range []*string{server, work} {
		absolute, err := filepath.Abs(*path)
		exitOn(err)
		*path = absolute
	}
	_, err := os.Stat(*server)
	exitOn(err)
	for _, name := range flag.Args() {
		if !slices.Contains(languages(), name) {
			exitOn(fmt.Errorf("no client for %q; there are %s", name, strings.Join(languages(), ", ")))
		}
	}

	results := report.New()
	for _, p := range programs {
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), p.language) {
			continue
		}
		r := run{program: p, server: *server, folder: filepath.Join(*work, p.name), verbose: *verbose, report: results}
		r.play()
	}
	os.Exit(results.Close())
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(2)
	}
}
