package main

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// answer is all that came back for one request.
type answer struct {
	messages []proto.Message
	err      error
}

// first is the first message, or nil.
func (a *answer) first() proto.Message {
	if len(a.messages) == 0 {
		return nil
	}
	return a.messages[0]
}

// isMissing tells whether the server has hardly got the request: two such answers
// are equal and say nothing.
func (a *answer) isMissing() bool {
	code := status.Code(a.err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// revision is that of the first header, or 0.
func (a *answer) revision() int64 {
	for _, message := range a.messages {
		if with, ok := message.(interface{ GetHeader() *pb.ResponseHeader }); ok {
			return with.GetHeader().GetRevision()
		}
	}
	return 0
}

// masked is a copy in which what may differ between two right servers is made
// equal: ids, terms, raft indexes, sizes and ports count only as there or not.
func (a *answer) masked(member uint64) *answer {
	masked := &answer{err: a.err}
	for _, message := range a.messages {
		copied := proto.Clone(message)
		mask(copied.ProtoReflect(), member)
		sortUnordered(copied)
		masked.messages = append(masked.messages, copied)
	}
	return masked
}

// sortUnordered orders lists that Go etcd gives in the random order of a map.
func sortUnordered(message proto.Message) {
	switch m := message.(type) {
	case *pb.AlarmResponse:
		slices.SortFunc(m.Alarms, func(a, b *pb.AlarmMember) int {
			return cmp.Or(cmp.Compare(a.Alarm, b.Alarm), cmp.Compare(a.MemberID, b.MemberID))
		})
	case *pb.StatusResponse:
		slices.Sort(m.Errors)
	case *pb.LeaseTimeToLiveResponse:
		slices.SortFunc(m.Keys, bytes.Compare)
	}
}

func (a *answer) equal(b *answer) bool {
	if statusText(a.err) != statusText(b.err) || len(a.messages) != len(b.messages) {
		return false
	}
	for i := range a.messages {
		if !proto.Equal(a.messages[i], b.messages[i]) {
			return false
		}
	}
	return true
}

func (a *answer) String() string {
	var parts []string
	for _, message := range a.messages {
		parts = append(parts, "{"+oneLine(message)+"}")
	}
	if a.err != nil {
		parts = append(parts, statusText(a.err))
	}
	return brief(strings.Join(parts, " "))
}

// statusText is a status's code and text, without what varies in the text.
func statusText(err error) string {
	if err == nil {
		return ""
	}
	s := status.Convert(err)
	return s.Code().String() + ": " + maskText(s.Message())
}

var (
	longNumber = regexp.MustCompile(`\d{8,}`)
	port       = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	spaces     = regexp.MustCompile(` +`)
)

func maskText(text string) string {
	text = port.ReplaceAllString(text, "127.0.0.1:port")
	text = longNumber.ReplaceAllString(text, "N")
	// Go's text form of a message has a random number of spaces.
	return spaces.ReplaceAllString(text, " ")
}

// presenceOnly are the fields of which only "zero or not" is compared.
var presenceOnly = map[protoreflect.FullName]bool{
	"etcdserverpb.ResponseHeader.cluster_id":       true,
	"etcdserverpb.ResponseHeader.raft_term":        true,
	"etcdserverpb.StatusResponse.raftTerm":         true,
	"etcdserverpb.StatusResponse.raftIndex":        true,
	"etcdserverpb.StatusResponse.raftAppliedIndex": true,
	"etcdserverpb.StatusResponse.dbSize":           true,
	"etcdserverpb.StatusResponse.dbSizeInUse":      true,
	"etcdserverpb.HashResponse.hash":               true,
}

// memberIDs are fields whose value is 1 once masked if it is the own member's.
var memberIDs = map[protoreflect.FullName]bool{
	"etcdserverpb.ResponseHeader.member_id": true,
	"etcdserverpb.StatusResponse.leader":    true,
	"etcdserverpb.Member.ID":                true,
	"etcdserverpb.AlarmMember.memberID":     true,
}

// remainingTTL may be a little below what was granted.
const remainingTTL = protoreflect.FullName("etcdserverpb.LeaseTimeToLiveResponse.TTL")

func mask(message protoreflect.Message, member uint64) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsList():
			maskList(field, value.List(), member)
		case field.Message() != nil:
			mask(value.Message(), member)
		case presenceOnly[field.FullName()]:
			message.Set(field, one(field.Kind()))
		case memberIDs[field.FullName()]:
			if value.Uint() == member {
				message.Set(field, protoreflect.ValueOfUint64(1))
			}
		case field.FullName() == remainingTTL:
			message.Set(field, protoreflect.ValueOfInt64(roundUp(value.Int())))
		}
		return true
	})
}

func maskList(field protoreflect.FieldDescriptor, list protoreflect.List, member uint64) {
	for i := range list.Len() {
		switch {
		case field.Message() != nil:
			mask(list.Get(i).Message(), member)
		case field.Kind() == protoreflect.StringKind:
			text := strings.ReplaceAll(list.Get(i).String(), decimal(member), "self")
			list.Set(i, protoreflect.ValueOfString(maskText(text)))
		}
	}
}

func one(kind protoreflect.Kind) protoreflect.Value {
	switch kind {
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(1)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(1)
	default:
		return protoreflect.ValueOfInt64(1)
	}
}

// roundUp rounds a remaining time in seconds to the next hundred.
func roundUp(ttl int64) int64 {
	if ttl <= 0 {
		return ttl
	}
	return (ttl + 99) / 100 * 100
}
