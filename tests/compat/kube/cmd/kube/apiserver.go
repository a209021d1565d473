package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

const (
	// readyLimit is generous: the server builds its whole schema at start.
	readyLimit = 4 * time.Minute
	// eventTTL is how long Events live; the API server gives them leases.
	eventTTL = 30 * time.Second
)

// apiServer is a kube-apiserver as a child process.
type apiServer struct {
	config    *rest.Config // for clients that may do everything
	version   string       // as the running server tells it
	binary    string
	arguments []string
	logPath   string
	command   *exec.Cmd
	exited    chan struct{}
}

// newAPIServer makes certificates and picks a port; it starts nothing.
func newAPIServer(binary, folder, etcdEndpoint string) (*apiServer, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	ca, err := newAuthority(folder)
	if err != nil {
		return nil, err
	}
	if err := ca.issue("server"); err != nil {
		return nil, err
	}
	if err := ca.issue("client", "system:masters"); err != nil {
		return nil, err
	}
	if _, err := ca.newKey("accounts"); err != nil {
		return nil, err
	}
	port, err := unusedPort()
	if err != nil {
		return nil, err
	}
	return &apiServer{
		config: &rest.Config{
			Host: fmt.Sprintf("https://127.0.0.1:%d", port),
			TLSClientConfig: rest.TLSClientConfig{
				CAFile: ca.path("ca.crt"), CertFile: ca.path("client.crt"), KeyFile: ca.path("client.key"),
			},
			QPS: -1, // as fast as the server is
		},
		binary: binary,
		arguments: []string{
			"--etcd-servers=http://" + etcdEndpoint,
			"--etcd-compaction-interval=30s",
			"--event-ttl=" + eventTTL.String(),
			"--bind-address=127.0.0.1",
			"--advertise-address=127.0.0.1",
			fmt.Sprintf("--secure-port=%d", port),
			"--endpoint-reconciler-type=none",
			"--tls-cert-file=" + ca.path("server.crt"),
			"--tls-private-key-file=" + ca.path("server.key"),
			"--client-ca-file=" + ca.path("ca.crt"),
			"--service-account-issuer=https://compat.test",
			"--service-account-key-file=" + ca.path("accounts.key"),
			"--service-account-signing-key-file=" + ca.path("accounts.key"),
			"--service-cluster-ip-range=10.96.0.0/16",
			"--authorization-mode=AlwaysAllow",
			// Nobody is here to make the accounts that it would ask for.
			"--disable-admission-plugins=ServiceAccount",
		},
		logPath: filepath.Join(folder, "log"),
	}, nil
}

func unusedPort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// start starts the process and waits until it is ready.
func (a *apiServer) start(ctx context.Context) error {
	log, err := os.OpenFile(a.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	a.command = exec.Command(a.binary, a.arguments...)
	a.command.Stdout, a.command.Stderr = log, log
	a.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := a.command.Start(); err != nil {
		return err
	}
	a.exited = make(chan struct{})
	go func(command *exec.Cmd, exited chan struct{}) {
		_ = command.Wait()
		close(exited)
	}(a.command, a.exited)
	return a.waitReady(ctx)
}

func (a *apiServer) waitReady(ctx context.Context) error {
	client, err := discovery.NewDiscoveryClientForConfig(a.config)
	if err != nil {
		return err
	}
	deadline := time.After(readyLimit)
	for {
		text, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		if err == nil && string(text) == "ok" {
			version, err := client.ServerVersion()
			if err == nil {
				a.version = version.GitVersion
			}
			return err
		}
		select {
		case <-a.exited:
			return fmt.Errorf("kube-apiserver ended (%s); see %s", a.command.ProcessState, a.logPath)
		case <-deadline:
			return fmt.Errorf("kube-apiserver is not ready after %s (%v); see %s", readyLimit, err, a.logPath)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// stop ends the process, at once: it has nothing to save.
func (a *apiServer) stop() {
	_ = a.command.Process.Kill()
	<-a.exited
}
