package main

import (
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// version is one state of a key: the number written, or absent.
type version struct {
	sequence int64
	revision int64 // of the write; 0 where it isn't known
	absent   bool
}

// record is what a writer knows of a key that only it writes.
type record struct {
	acked version
	// maybe is a write whose answer never came: it may hold or not.
	maybe *version
}

// value is the text of a sequence number, with a tail whose length and bytes
// follow from it, so that a torn or mixed value shows.
func value(sequence int64) string {
	tail := strings.Repeat(strconv.FormatInt(sequence*2654435761, 36), int(sequence%97))
	return strconv.FormatInt(sequence, 10) + ":" + tail
}

// settle compares the key found after a restart with the record, and adopts a
// write that turned out to have happened. found is nil for an absent key.
func (r *record) settle(found *mvccpb.KeyValue) (adopted bool, err error) {
	if err := r.acked.matches(found); err == nil {
		r.maybe = nil
		return false, nil
	} else if r.maybe == nil {
		return false, err
	}
	if err := r.maybe.matches(found); err != nil {
		return false, fmt.Errorf("neither acknowledged nor pending state: %w", err)
	}
	if found != nil {
		if found.ModRevision <= r.acked.revision {
			return false, fmt.Errorf("newer value %q at revision %d, the older was at %d",
				found.Key, found.ModRevision, r.acked.revision)
		}
		r.maybe.revision = found.ModRevision
	}
	r.acked, r.maybe = *r.maybe, nil
	return true, nil
}

func (v version) matches(found *mvccpb.KeyValue) error {
	switch {
	case v.absent && found == nil:
		return nil
	case v.absent:
		return fmt.Errorf("%q is there though deleted: %s", found.Key, brief(found))
	case found == nil:
		return fmt.Errorf("write %d at revision %d is missing", v.sequence, v.revision)
	case string(found.Value) != value(v.sequence):
		return fmt.Errorf("%q: want write %d of revision %d, found %s",
			found.Key, v.sequence, v.revision, brief(found))
	case v.revision != 0 && found.ModRevision != v.revision:
		return fmt.Errorf("%q: write %d was at revision %d, now at %d",
			found.Key, v.sequence, v.revision, found.ModRevision)
	}
	return nil
}

func brief(kv *mvccpb.KeyValue) string {
	text := string(kv.Value)
	return fmt.Sprintf("%.20q (%d bytes) at revision %d", text, len(text), kv.ModRevision)
}
