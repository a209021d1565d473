package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// flood is more of something than a server should take. It ends when the server
// closes the connection, or after what it has to send.
type flood struct {
	name string
	do   func(*h2) error
	// growth is the most, in MiB, by which the server's memory may grow.
	growth int
}

func floodScenarios() []scenario {
	var list []scenario
	for _, f := range []flood{
		{"30,000 streams opened and reset", resets, 100},
		{"100,000 pings, no answer read", pings, 100},
		{"100,000 settings, no answer read", settings, 100},
		{"CONTINUATION without end", continuations, 100},
		{"100,000 empty DATA frames", emptyFrames, 100},
		{"20,000 streams left open", openStreams, 200},
		{"1,000 answers of 1 MB, none read", unreadAnswers, 600},
		{"one byte of HEADERS at a time", dribble, 50},
	} {
		list = append(list, scenario{"flood: " + f.name, f.run})
	}
	return list
}

func (f flood) run(st *stage) (string, error) {
	ours, err := st.startVictim(st.Etcd)
	if err != nil {
		return "", err
	}
	defer func() { _ = ours.Kill() }()
	if err := ours.write(1, 1_000_000); err != nil {
		return "", err
	}
	before := memory(ours.Pid())
	c, err := dialH2(ours.Endpoint())
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second))
	ended := "everything was taken"
	if err := f.do(c); err != nil {
		ended = "cut off: " + err.Error()
		if at := strings.LastIndex(ended, ": "); at > 0 {
			ended = "cut off: " + ended[at+2:]
		}
	}
	time.Sleep(200 * time.Millisecond)
	// Other clients are served while the flooding connection is still there.
	if err := ours.intact(); err != nil {
		return "", err
	}
	grown := (memory(ours.Pid()) - before) >> 20
	happened := fmt.Sprintf("%s; memory +%d MiB", ended, grown)
	if grown > f.growth {
		return "", fmt.Errorf("%s, more than %d", happened, f.growth)
	}
	return happened, nil
}

// memory is a process's resident set in bytes.
func memory(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

func resets(c *h2) error {
	for i := range uint32(30_000) {
		if err := c.open(2*i+1, rangeHeaders()); err != nil {
			return err
		}
		if err := c.framer.WriteRSTStream(2*i+1, http2.ErrCodeCancel); err != nil {
			return err
		}
	}
	return nil
}

func pings(c *h2) error {
	for range 100_000 {
		if err := c.framer.WritePing(false, [8]byte{1}); err != nil {
			return err
		}
	}
	return nil
}

func settings(c *h2) error {
	for range 100_000 {
		if err := c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000}); err != nil {
			return err
		}
	}
	return nil
}

func continuations(c *h2) error {
	block := c.encode(append(rangeHeaders(), manyFields(1000)...))
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block})
	for range 20_000 {
		if err != nil {
			return err
		}
		err = c.framer.WriteContinuation(1, false, block)
	}
	return err
}

func emptyFrames(c *h2) error {
	err := c.open(1, rangeHeaders())
	for range 100_000 {
		if err != nil {
			return err
		}
		err = c.framer.WriteData(1, false, nil)
	}
	return err
}

func openStreams(c *h2) error {
	for i := range uint32(20_000) {
		if err := c.open(2*i+1, rangeHeaders()); err != nil {
			return err
		}
	}
	return nil
}

// unreadAnswers asks for the big value again and again and reads nothing.
func unreadAnswers(c *h2) error {
	body, err := proto.Marshal(&pb.RangeRequest{Key: []byte("acked/"), RangeEnd: []byte("acked0")})
	if err != nil {
		return err
	}
	for i := range uint32(1_000) {
		stream := 2*i + 1
		if err := c.open(stream, rangeHeaders()); err != nil {
			return err
		}
		if err := c.framer.WriteData(stream, true, message(0, body, -1)); err != nil {
			return err
		}
	}
	return nil
}

func dribble(c *h2) error {
	block := c.encode(rangeHeaders())
	header := []byte{0, 0, byte(len(block)), byte(http2.FrameHeaders), byte(http2.FlagHeadersEndHeaders), 0, 0, 0, 1}
	for _, b := range append(header, block[:len(block)-1]...) {
		if _, err := c.Write([]byte{b}); err != nil {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}
