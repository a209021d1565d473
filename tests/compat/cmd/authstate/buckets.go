package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// compare reads a bucket of each member's db, now that they have stopped.
func (s *stage) compare(bucket string) error {
	var first map[string][]byte
	for i, member := range s.Members {
		records, err := read(filepath.Join(member.DataDir, "member", "snap", "db"), bucket)
		if err == nil && i > 0 {
			err = difference(first, records)
		}
		if err != nil {
			return fmt.Errorf("bucket %s of %s: %w", bucket, member.Name, err)
		}
		first = records
	}
	fmt.Printf("  %s: %d records, equal on all members\n", bucket, len(first))
	return nil
}

func read(path, bucket string) (map[string][]byte, error) {
	db, err := bbolt.Open(path, 0o400, &bbolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	records := map[string][]byte{}
	err = db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return errors.New("it is missing")
		}
		return b.ForEach(func(k, v []byte) error {
			records[string(k)] = bytes.Clone(v)
			return nil
		})
	})
	if err == nil && len(records) == 0 {
		err = errors.New("it is empty: there is nothing to compare")
	}
	return records, err
}

func difference(a, b map[string][]byte) error {
	for key, value := range a {
		other, ok := b[key]
		if !ok {
			return fmt.Errorf("%q is missing", key)
		}
		if !bytes.Equal(value, other) {
			return fmt.Errorf("%q: %x, and %x in m0", key, other, value)
		}
	}
	if len(a) != len(b) {
		return fmt.Errorf("%d records, and %d in m0", len(b), len(a))
	}
	return nil
}
