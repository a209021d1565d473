package main

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/http2"
)

// frame writes any frame, whatever it holds.
func frame(kind http2.FrameType, flags http2.Flags, stream uint32, payload []byte) func(*h2) error {
	return func(c *h2) error { return c.framer.WriteRawFrame(kind, flags, stream, payload) }
}

func sequence(steps ...func(*h2) error) func(*h2) error {
	return func(c *h2) error {
		for _, step := range steps {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}
}

func headersOn(stream uint32) func(*h2) error {
	return func(c *h2) error { return c.open(stream, rangeHeaders()) }
}

// frameScenarios break RFC 9113. Where Go etcd lets it pass, "survived" is asked
// for; a connection error is better.
func frameScenarios() []scenario {
	right := message(0, rangeBody(), -1)
	return scenariosOf("frames", []abuse{
		{"larger than the maximum", refused, sequence(headersOn(1), frame(http2.FrameData, 0, 1, make([]byte, 1<<20)))},
		{"length of 16 MB, then the end", refused, func(c *h2) error {
			_, err := c.Write([]byte{0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1})
			return err
		}},
		{"DATA on stream 0", refused, frame(http2.FrameData, 0, 0, right)},
		{"DATA on an idle stream", survived, frame(http2.FrameData, 0, 5, right)},
		{"DATA after the end", survived, sequence(call(rangeHeaders(), right), frame(http2.FrameData, 0, 1, right))},
		{"DATA padded beyond its length", refused, sequence(headersOn(1), frame(http2.FrameData, http2.FlagDataPadded, 1, []byte{200, 1}))},
		{"HEADERS on an even stream", refused, headersOn(2)},
		{"HEADERS on stream 0", refused, headersOn(0)},
		{"HEADERS on a lower stream", refused, sequence(headersOn(9), headersOn(1))},
		{"HEADERS that depend on themselves", survived, sequence(frame(http2.FrameHeaders, http2.FlagHeadersPriority|http2.FlagHeadersEndHeaders, 1, []byte{0, 0, 0, 1, 16, 0x82}))},
		{"HEADERS, broken HPACK", refused, frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff})},
		{"HEADERS, table index out of range", refused, frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, []byte{0xfe, 0xfe})},
		{"CONTINUATION without HEADERS", refused, frame(http2.FrameContinuation, 0, 1, []byte{0x82})},
		{"another frame between HEADERS and CONTINUATION", refused, sequence(frame(http2.FrameHeaders, 0, 1, []byte{0x82}), frame(http2.FramePing, 0, 0, make([]byte, 8)))},
		{"SETTINGS of 5 bytes", refused, frame(http2.FrameSettings, 0, 0, make([]byte, 5))},
		{"SETTINGS on a stream", refused, frame(http2.FrameSettings, 0, 1, nil)},
		{"SETTINGS with a window above 2^31", refused, frame(http2.FrameSettings, 0, 0, []byte{0, 4, 0xff, 0xff, 0xff, 0xff})},
		{"SETTINGS with a frame size of 1", survived, frame(http2.FrameSettings, 0, 0, []byte{0, 5, 0, 0, 0, 1})},
		{"WINDOW_UPDATE of 0", refused, frame(http2.FrameWindowUpdate, 0, 0, make([]byte, 4))},
		{"WINDOW_UPDATE that overflows", survived, sequence(frame(http2.FrameWindowUpdate, 0, 0, []byte{0x7f, 0xff, 0xff, 0xff}), frame(http2.FrameWindowUpdate, 0, 0, []byte{0x7f, 0xff, 0xff, 0xff}))},
		{"PING of 3 bytes", refused, frame(http2.FramePing, 0, 0, make([]byte, 3))},
		{"RST_STREAM on an idle stream", survived, frame(http2.FrameRSTStream, 0, 7, make([]byte, 4))},
		{"PUSH_PROMISE from a client", survived, frame(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, 1, []byte{0, 0, 0, 2, 0x82})},
		{"PRIORITY of 3 bytes", refused, frame(http2.FramePriority, 0, 1, make([]byte, 3))},
		{"unknown frame type", survived, sequence(frame(0xee, 0xff, 3, []byte("anything")), call(rangeHeaders(), right))},
		{"preface twice", refused, func(c *h2) error {
			_, err := io.WriteString(c, http2.ClientPreface)
			return err
		}},
		{"random bytes after the preface", refused, func(c *h2) error {
			_, err := io.WriteString(c, strings.Repeat("\xde\xad\xbe\xef\x17", 4000))
			return err
		}},
	})
}

// scenariosOf runs each abuse on Go etcd and on ours; one server of each serves
// the whole list, since none may be hurt.
func scenariosOf(group string, list []abuse) []scenario {
	return []scenario{{name: group + " (" + fmt.Sprint(len(list)) + " kinds)", run: func(st *stage) (string, error) {
		theirs, err := st.startVictim(st.GoEtcd())
		if err != nil {
			return "", err
		}
		defer func() { _ = theirs.Kill() }()
		ours, err := st.startVictim(st.Etcd)
		if err != nil {
			return "", err
		}
		defer func() { _ = ours.Kill() }()
		return compareAbuses(list, theirs, ours)
	}}}
}

func compareAbuses(list []abuse, theirs, ours *victim) (string, error) {
	var wrong, table []string
	for _, a := range list {
		goOutcome, err := a.on(theirs)
		if err != nil {
			return "", fmt.Errorf("%s: Go etcd: %w", a.name, err)
		}
		ourOutcome, err := a.on(ours)
		if err == nil {
			err = a.like.judge(goOutcome, ourOutcome)
		}
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", a.name, err))
		}
		if !ours.Running() {
			break
		}
		table = append(table, fmt.Sprintf("%s: %s | Go: %s", a.name, ourOutcome, goOutcome))
	}
	if len(wrong) > 0 {
		return "", fmt.Errorf("%d differ:\n      %s\n     ", len(wrong), strings.Join(wrong, "\n      "))
	}
	return "\n      " + strings.Join(table, "\n      "), nil
}

// on does the abuse to the server and checks the server afterwards.
func (a abuse) on(v *victim) (string, error) {
	c, err := dialH2(v.Endpoint())
	if err != nil {
		return "", err
	}
	defer c.Close()
	// A server may close the connection in the middle; outcome tells.
	_ = a.do(c)
	outcome := c.outcome(1)
	return outcome, v.intact()
}

func (l likeness) judge(theirs, ours string) error {
	failed := strings.Contains(ours, "RST_STREAM") || strings.Contains(ours, "GOAWAY") ||
		strings.Contains(ours, "connection closed") || strings.Contains(ours, "status 4") ||
		strings.Contains(ours, "grpc-status") && !strings.Contains(ours, "grpc-status 0")
	switch {
	case l == asGo && theirs != ours, l == asGoCode && withoutText(theirs) != withoutText(ours):
		return fmt.Errorf("%s, but Go: %s", ours, theirs)
	case l == refused && !failed:
		return fmt.Errorf("%s is no error (Go: %s)", ours, theirs)
	}
	return nil
}

// withoutText cuts the text of grpc-message off an outcome.
func withoutText(outcome string) string {
	before, _, _ := strings.Cut(outcome, " grpc-message")
	return before
}
