package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

const (
	honestClients = 4
	honestPause   = 10 * time.Millisecond // between a client's calls
)

// honest has a few clients put and get in turn at a moderate rate, and returns the
// p99 of their calls. Any error of one is an error.
func honest(v *victim, length time.Duration) (p99 time.Duration, err error) {
	connection, err := grpc.NewClient(v.target(), grpc.WithTransportCredentials(v.credentials()))
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	kv := pb.NewKVClient(connection)
	var (
		all    sync.WaitGroup
		mutex  sync.Mutex
		took   []time.Duration
		failed error
	)
	end := time.Now().Add(length)
	for number := range honestClients {
		all.Add(1)
		go func() {
			defer all.Done()
			key := fmt.Appendf(nil, "honest/%d", number)
			for i := 0; time.Now().Before(end); i++ {
				began := time.Now()
				err := putOrGet(kv, key, i%2 == 0)
				mutex.Lock()
				took = append(took, time.Since(began))
				if err != nil && failed == nil {
					failed = fmt.Errorf("an honest client's call: %w", err)
				}
				mutex.Unlock()
				time.Sleep(honestPause)
			}
		}()
	}
	all.Wait()
	if failed != nil {
		return 0, failed
	}
	slices.Sort(took)
	return took[len(took)*99/100], nil
}

func putOrGet(kv pb.KVClient, key []byte, put bool) error {
	ctx, cancel := client.Timeout(5 * time.Second)
	defer cancel()
	if put {
		_, err := kv.Put(ctx, &pb.PutRequest{Key: key, Value: []byte("value")})
		return err
	}
	_, err := kv.Range(ctx, &pb.RangeRequest{Key: key})
	return err
}

// target is where attackers and honest clients go: the TLS listener if there is one.
func (v *victim) target() string {
	if v.tlsPort != 0 {
		return fmt.Sprintf("127.0.0.1:%d", v.tlsPort)
	}
	return v.Endpoint()
}

func (v *victim) credentials() credentials.TransportCredentials {
	if v.tlsPort != 0 {
		return credentials.NewTLS(anyServer())
	}
	return insecure.NewCredentials()
}

func anyServer() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}
}

func dialTLS(target string) (net.Conn, error) {
	return tls.DialWithDialer(&net.Dialer{Timeout: answerLimit}, "tcp", target, anyServer())
}

// startTLSVictim starts a server that also serves https, on a port of its own.
func (st *stage) startTLSVictim(binary string, flags ...string) (*victim, error) {
	certificate, key, err := st.selfSigned()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	v, err := st.newVictim(binary, append(flags, "--cert-file="+certificate, "--key-file="+key)...)
	if err != nil {
		return nil, err
	}
	v.tlsPort = port
	both := fmt.Sprintf("http://%s,https://127.0.0.1:%d", v.Endpoint(), port)
	v.Args = append(v.Args, "--listen-client-urls="+both, "--advertise-client-urls="+both)
	if err := v.StartReady(30 * time.Second); err != nil {
		return nil, err
	}
	return v, v.write(100, 100)
}

// selfSigned makes a certificate for this machine.
func (st *stage) selfSigned() (certificate, key string, err error) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalECPrivateKey(secret)
	if err != nil {
		return "", "", err
	}
	certificate, key = filepath.Join(st.folder, "cert.pem"), filepath.Join(st.folder, "key.pem")
	if err := os.MkdirAll(st.folder, 0o755); err != nil {
		return "", "", err
	}
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), 0o600); err != nil {
		return "", "", err
	}
	return certificate, key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), 0o600)
}
