package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"time"

	"etcdpp/tests/compat/internal/etcdproc"
)

const pageSize = 4096

// damage changes a file of a stopped server.
type damage struct {
	name string
	do   func(folder string) error
	// mayLose: the damaged bytes exist nowhere else, so a server that starts need
	// not have them; it may only not crash.
	mayLose bool
}

func damageScenarios() []scenario {
	list := []damage{
		{"WAL: a byte in the middle", inWAL(func(wal []byte, end int) { wal[end/2] ^= 0x40 }), false},
		{"WAL: a byte in the first record", inWAL(func(wal []byte, _ int) { wal[20] ^= 1 }), false},
		{"WAL: a length in the middle", inWAL(func(wal []byte, end int) {
			copy(wal[end/2&^7:], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
		}), false},
		{"WAL: a sector of zeros in the middle", inWAL(func(wal []byte, end int) {
			clear(wal[end/2&^511 : end/2&^511+512])
		}), false},
		{"WAL: a byte in the last record", inWAL(func(wal []byte, end int) { wal[end-10] ^= 0x40 }), false},
		{"WAL: the file is empty", emptyWAL, false},
		{"db: both meta pages", inDB(func(db []byte) { clear(db[:2*pageSize]) }), false},
		{"db: the older or newer meta page", inDB(func(db []byte) { clear(db[16:80]) }), false},
		{"db: cut to half of its pages", cutDB(2), false},
		{"db: cut within a page", cutDB(3), false},
		{"db: empty", cutDB(1 << 40), false},
		{"db: headers of all pages but the metas", inDB(func(db []byte) {
			for at := 2 * pageSize; at < len(db); at += pageSize {
				copy(db[at:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
			}
		}), true},
	}
	for i := range 12 {
		list = append(list, damage{fmt.Sprintf("db: random page, kind %d", i), inDB(randomPage(int64(i))), true})
	}
	var scenarios []scenario
	for _, d := range list {
		scenarios = append(scenarios, scenario{"damage: " + d.name, d.run})
	}
	return scenarios
}

// run damages the files of a killed server and starts it, then Go etcd on a copy
// for the record.
func (d damage) run(st *stage) (string, error) {
	v, err := st.startVictim(st.Etcd, "--snapshot-count=50")
	if err != nil {
		return "", err
	}
	if err := errors.Join(v.write(200, 2000), waitFlush(), v.Kill()); err != nil {
		return "", err
	}
	if err := d.do(v.DataDir); err != nil {
		return "", err
	}
	theirs := d.onGo(st, v)
	happened, err := v.startsOrRefuses()
	if err != nil && d.mayLose && v.servedUntilStopped() {
		happened, err = "starts with damaged data: "+err.Error(), nil
	}
	if err != nil {
		return "", fmt.Errorf("%w (Go: %s)", err, theirs)
	}
	return fmt.Sprintf("%s (Go: %s)", happened, theirs), nil
}

// waitFlush waits until writes are in the db file too.
func waitFlush() error {
	time.Sleep(400 * time.Millisecond)
	return nil
}

// servedUntilStopped says whether the process, which we ended, had served.
func (v *victim) servedUntilStopped() bool {
	state, err := v.WaitExit(0)
	return err == nil && state.String() == "signal: killed" && strings.Contains(v.Log(), etcdproc.ReadyLine)
}

// onGo says what Go etcd does with a copy of the folder.
func (d damage) onGo(st *stage, v *victim) string {
	folder := v.DataDir + ".go"
	if err := os.CopyFS(folder, os.DirFS(v.DataDir)); err != nil {
		return err.Error()
	}
	server, err := etcdproc.New(v.Config)
	if err != nil {
		return err.Error()
	}
	server.Binary, server.DataDir, server.LogPath = st.GoEtcd(), folder, v.LogPath+".go"
	happened, err := (&victim{Server: server, acked: maps.Clone(v.acked), count: v.count}).startsOrRefuses()
	if err != nil {
		return err.Error()
	}
	return happened
}

// inWAL changes the last WAL file; end is where its records end.
func inWAL(change func(wal []byte, end int)) func(string) error {
	return func(folder string) error {
		files, err := walFiles(folder)
		if err != nil {
			return err
		}
		return edit(files[len(files)-1], func(wal []byte) {
			end := len(wal)
			for end > 0 && wal[end-1] == 0 {
				end--
			}
			change(wal, end)
		})
	}
}

// walFiles are those of a data folder, which has some.
func walFiles(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "member/wal/*.wal"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no WAL file in %s", folder)
	}
	return files, err
}

func inDB(change func(db []byte)) func(string) error {
	return func(folder string) error {
		return edit(filepath.Join(folder, dbFile), change)
	}
}

// randomPage overwrites a run of bytes near the head of some page in use.
func randomPage(seed int64) func(db []byte) {
	return func(db []byte) {
		random := rand.New(rand.NewSource(seed))
		for range 1000 {
			at := (2 + random.Intn(len(db)/pageSize-2)) * pageSize
			page := db[at : at+pageSize]
			if page[8] == 0 || page[10] == 0 { // its flags and count
				continue
			}
			begin := random.Intn(64)
			_, _ = random.Read(page[begin : begin+1+random.Intn(64)])
			return
		}
	}
}

// edit changes a file; that it stays the same is an error.
func edit(path string, change func([]byte)) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before := bytes.Clone(content)
	if change(content); bytes.Equal(before, content) {
		return fmt.Errorf("the damage to %s changes nothing", path)
	}
	return os.WriteFile(path, content, 0o600)
}

// cutDB keeps one part in `parts` of the pages that were ever used; the file is
// longer than those.
func cutDB(parts int) func(string) error {
	return func(folder string) error {
		path := filepath.Join(folder, dbFile)
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		const highWater = 56 // its place in a meta page
		used := max(binary.LittleEndian.Uint64(content[highWater:]),
			binary.LittleEndian.Uint64(content[pageSize+highWater:]))
		return os.Truncate(path, int64(used)*pageSize/int64(parts))
	}
}

func emptyWAL(folder string) error {
	files, err := walFiles(folder)
	for _, file := range files {
		err = errors.Join(err, os.Truncate(file, 0))
	}
	return err
}
