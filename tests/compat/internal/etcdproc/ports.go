package etcdproc

import (
	"errors"
	"fmt"
	"math/rand"
	"net"
	"sync"
)

var (
	portsMutex sync.Mutex
	portsTaken = map[int]bool{}
)

// freePort picks a port on which nobody listens. It lies below the range from
// which the kernel picks ports for outgoing connections, so that it is still free
// when a server comes back after a restart.
func freePort() (int, error) {
	portsMutex.Lock()
	defer portsMutex.Unlock()
	for range 1000 {
		port := 10_000 + rand.Intn(9_900)
		if portsTaken[port] {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		_ = listener.Close()
		portsTaken[port] = true
		return port, nil
	}
	return 0, errors.New("no free port between 10000 and 19900")
}
