// Command kube runs Kubernetes' own API server on the server under test, fills
// it through client-go while the server is killed and started again, and checks
// that lists and watches show exactly what was acknowledged.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"etcdpp/tests/compat/kube/internal/etcdproc"
	"etcdpp/tests/compat/kube/internal/repo"
	"etcdpp/tests/compat/kube/internal/report"
)

type options struct {
	etcd, apiServer, work string
	objects, workers      int
	keep                  bool
}

// wholeLimit is what everything together may take.
const wholeLimit = 20 * time.Minute

func main() {
	var o options
	flag.StringVar(&o.etcd, "etcd", repo.ServerUnderTest(), "the server under test")
	reference := flag.Bool("reference", false, "test Go etcd instead, the one that build.sh makes")
	flag.StringVar(&o.apiServer, "apiserver", filepath.Join(repo.Reference(), "kube-apiserver"), "the API server that kube/build.sh makes")
	flag.StringVar(&o.work, "work", repo.Work("kube"), "folder for logs and data")
	flag.IntVar(&o.objects, "objects", 5000, "objects of each kind")
	flag.IntVar(&o.workers, "workers", 8, "clients that write at the same time")
	flag.BoolVar(&o.keep, "keep", false, "keep the data folder of a run that passed")
	flag.Parse()
	if *reference {
		o.etcd = filepath.Join(repo.Reference(), "etcd")
	}
	for _, path := range []*string{&o.etcd, &o.apiServer, &o.work} {
		absolute, err := filepath.Abs(*path)
		if err == nil && path != &o.work {
			_, err = os.Stat(absolute)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "kube:", err)
			os.Exit(2)
		}
		*path = absolute
	}
	ctx, cancel := context.WithTimeout(context.Background(), wholeLimit)
	defer cancel()
	results := report.New()
	if err := play(ctx, o, results); err != nil {
		results.Fail("the run came to its end", err.Error())
	}
	os.Exit(results.Close())
}

// play is the whole scene. An error is what made going on pointless; what is
// checked goes to results.
func play(ctx context.Context, o options, results *report.Report) error {
	if err := os.RemoveAll(o.work); err != nil {
		return err
	}
	etcd, err := etcdproc.New(etcdproc.Config{
		Binary:  o.etcd,
		DataDir: filepath.Join(o.work, "etcd"),
		LogPath: filepath.Join(o.work, "etcd.log"),
	})
	if err != nil {
		return err
	}
	if err := etcd.StartReady(time.Minute); err != nil {
		return err
	}
	defer etcd.Kill()
	api, err := newAPIServer(o.apiServer, filepath.Join(o.work, "apiserver"), etcd.Endpoint())
	if err != nil {
		return err
	}
	if err := api.start(ctx); err != nil {
		return err
	}
	defer api.stop()
	results.Pass("kube-apiserver is ready", api.version)

	kinds, err := openKinds(ctx, api.config)
	if err != nil {
		return err
	}
	if err := fill(ctx, o, etcd, kinds, results); err != nil {
		return err
	}
	for _, k := range kinds {
		checkLists(ctx, k, results)
	}
	results.Outcome("events expire with their leases", "", eventsExpire(ctx, kinds[0]))
	if err := restartBoth(ctx, etcd, api); err != nil {
		return err
	}
	for _, k := range kinds {
		results.Outcome(k.name+": a fresh API server lists the same", "", k.compareWithList(ctx, wholeList()))
	}
	api.stop()
	results.Outcome("etcd ends when told to", "", etcd.Stop())
	if !o.keep {
		_ = os.RemoveAll(etcd.DataDir)
	}
	return nil
}

// restartBoth leaves nothing in memory anywhere: what is listed afterwards was
// in etcd's data folder.
func restartBoth(ctx context.Context, etcd *etcdproc.Server, api *apiServer) error {
	api.stop()
	if err := etcd.Kill(); err != nil {
		return err
	}
	if err := etcd.StartReady(time.Minute); err != nil {
		return err
	}
	return api.start(ctx)
}
