//go:build ignore

// Makes the db files of this folder with Go's bbolt 1.5.0; go_files_test.cc knows what is in them.
// To run it: a module that requires go.etcd.io/bbolt v1.5.0, then `go run make.go` in this folder.
package main

import (
	"fmt"
	"os"
	"strings"

	bolt "go.etcd.io/bbolt"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func bucket(tx *bolt.Tx, name string) *bolt.Bucket {
	b, err := tx.CreateBucketIfNotExists([]byte(name))
	must(err)
	return b
}

func key(i int) []byte { return []byte(fmt.Sprintf("key%05d", i)) }

func value(i int) []byte { return []byte(strings.Repeat(fmt.Sprintf("%d.", i), i%9)) }

func fill(db *bolt.DB) {
	for first := 0; first < 100; first += 25 {
		must(db.Update(func(tx *bolt.Tx) error {
			b := bucket(tx, "key")
			b.FillPercent = 0.9
			for i := first; i < first+25; i++ {
				must(b.Put(key(i), value(i)))
			}
			must(bucket(tx, "meta").Put([]byte("first"), []byte(fmt.Sprint(first))))
			return nil
		}))
	}
	must(db.Update(func(tx *bolt.Tx) error {
		for i := 0; i < 100; i += 3 {
			must(tx.Bucket([]byte("key")).Delete(key(i)))
		}
		must(tx.Bucket([]byte("meta")).SetSequence(42))
		inner, err := bucket(tx, "outer").CreateBucketIfNotExists([]byte("inner"))
		must(err)
		must(inner.Put([]byte("large"), []byte(strings.Repeat("x", 3000))))
		bucket(tx, "empty")
		return nil
	}))
}

func main() {
	for _, file := range []struct {
		name   string
		noList bool
	}{{"etcd.db", true}, {"stored_freelist.db", false}} {
		os.Remove(file.name)
		db, err := bolt.Open(file.name, 0644, &bolt.Options{PageSize: 1024, NoFreelistSync: file.noList})
		must(err)
		fill(db)
		// What bbolt keeps for growth at the end is zeros.
		var size int64
		must(db.View(func(tx *bolt.Tx) error { size = tx.Size(); return nil }))
		must(db.Close())
		must(os.Truncate(file.name, size))
	}
}
