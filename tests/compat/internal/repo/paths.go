package repo

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// Paths are what every tool that compares with Go etcd can be told.
type Paths struct {
	Etcd      string // the server under test
	Reference string // the folder that build.sh makes
	Work      string // for logs and data
}

// AddFlags lets the command line set the paths; tool names the default of Work.
func (p *Paths) AddFlags(tool string) {
	flag.StringVar(&p.Etcd, "etcd", ServerUnderTest(), "the server under test")
	flag.StringVar(&p.Reference, "reference", Reference(), "folder made by build.sh")
	flag.StringVar(&p.Work, "work", Work(tool), "folder for logs and data")
}

// GoEtcd is the reference server.
func (p *Paths) GoEtcd() string { return filepath.Join(p.Reference, "etcd") }

// MustExist ends the process, with code 2, where there is no server to test or
// none to compare it with.
func (p *Paths) MustExist() {
	for _, path := range []string{p.Etcd, p.GoEtcd()} {
		if _, err := os.Stat(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
			os.Exit(2)
		}
	}
}
