package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const (
	answerLimit  = 5 * time.Second
	silenceLimit = 2 * time.Second // after it an abuse counts as unanswered
)

// h2 is a bare HTTP/2 connection on which anything may be written.
type h2 struct {
	net.Conn
	framer  *http2.Framer
	encoder *hpack.Encoder
	headers bytes.Buffer
}

// dialH2 connects and sends the preface and empty settings.
func dialH2(endpoint string) (*h2, error) {
	conn, err := net.DialTimeout("tcp", endpoint, answerLimit)
	if err != nil {
		return nil, err
	}
	c := &h2{Conn: conn, framer: http2.NewFramer(conn, conn)}
	c.encoder = hpack.NewEncoder(&c.headers)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.framer.MaxHeaderListSize = 1 << 20
	c.framer.AllowIllegalWrites = true
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return nil, err
	}
	return c, c.framer.WriteSettings()
}

// field is one header field, in order.
type field struct{ name, value string }

// rangeHeaders are those of a right call of Range.
func rangeHeaders() []field {
	return []field{
		{":method", "POST"}, {":scheme", "http"}, {":path", "/etcdserverpb.KV/Range"},
		{":authority", "127.0.0.1"}, {"content-type", "application/grpc"}, {"te", "trailers"},
	}
}

// with replaces fields by name, drops those whose value is "-", and adds others.
func with(fields []field, changes ...field) []field {
	for _, change := range changes {
		at := -1
		for i := range fields {
			if fields[i].name == change.name {
				at = i
			}
		}
		switch {
		case change.value == "-":
			fields = append(fields[:at], fields[at+1:]...)
		case at >= 0:
			fields[at].value = change.value
		default:
			fields = append(fields, change)
		}
	}
	return fields
}

func (c *h2) encode(fields []field) []byte {
	c.headers.Reset()
	for _, f := range fields {
		_ = c.encoder.WriteField(hpack.HeaderField{Name: f.name, Value: f.value})
	}
	return bytes.Clone(c.headers.Bytes())
}

// open sends the headers of a stream, in CONTINUATION frames where they need it.
func (c *h2) open(stream uint32, fields []field) error {
	block := c.encode(fields)
	const frame = 16 << 10
	first := block[:min(frame, len(block))]
	rest := block[len(first):]
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: first, EndHeaders: len(rest) == 0})
	for err == nil && len(rest) > 0 {
		part := rest[:min(frame, len(rest))]
		rest = rest[len(part):]
		err = c.framer.WriteContinuation(stream, len(rest) == 0, part)
	}
	return err
}

// message frames a gRPC message; declared says its length if not -1.
func message(flag byte, body []byte, declared int64) []byte {
	if declared < 0 {
		declared = int64(len(body))
	}
	head := binary.BigEndian.AppendUint32([]byte{flag}, uint32(declared))
	return append(head, body...)
}

func rangeBody() []byte {
	body, err := proto.Marshal(&pb.RangeRequest{Key: []byte("acked/000001")})
	if err != nil {
		panic(err)
	}
	return body
}

// outcome waits for the end of a stream and describes it in one line.
func (c *h2) outcome(stream uint32) string {
	_ = c.SetReadDeadline(time.Now().Add(silenceLimit))
	var parts []string
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return strings.Join(append(parts, ending(err)), "; ")
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = c.framer.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			if f.StreamID == stream {
				parts = append(parts, describeHeaders(f))
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				return strings.Join(append(parts, "RST_STREAM "+f.ErrCode.String()), "; ")
			}
		case *http2.GoAwayFrame:
			return strings.Join(append(parts, "GOAWAY "+f.ErrCode.String()), "; ")
		}
		if header := frame.Header(); header.StreamID == stream && ended(frame) {
			return strings.Join(parts, "; ")
		}
	}
}

func ended(frame http2.Frame) bool {
	switch f := frame.(type) {
	case *http2.MetaHeadersFrame:
		return f.StreamEnded()
	case *http2.DataFrame:
		return f.StreamEnded()
	}
	return false
}

func ending(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return noAnswer
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "connection closed"
	default:
		return "unreadable answer: " + err.Error()
	}
}

const noAnswer = "no answer"

func describeHeaders(f *http2.MetaHeadersFrame) string {
	var parts []string
	for _, name := range []string{":status", "grpc-status", "grpc-message"} {
		for _, field := range f.Fields {
			if field.Name == name && !(name == ":status" && field.Value == "200") {
				parts = append(parts, fmt.Sprintf("%s %s", strings.TrimPrefix(name, ":"), field.Value))
			}
		}
	}
	if len(parts) == 0 {
		return "headers"
	}
	return strings.Join(parts, " ")
}
