package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdpp/tests/compat/internal/cluster"
)

// write is one that happened.
type write struct {
	key      string
	after    register
	revision int64
}

// judge tells whether the history can have happened, now that all clients have
// stopped and all members agree: first write by write, by what a watch of each
// member tells of all that was ever written, then as a whole.
func (s *stage) judge(h *history, drawing string) error {
	var story []write
	for i, member := range s.Members {
		told, err := storyOf(member)
		if err != nil {
			return err
		}
		if i > 0 && !slices.Equal(story, told) {
			return fmt.Errorf("the watches of %s and %s tell different things", s.Members[0].Name, member.Name)
		}
		story = told
	}
	happened, err := settle(h.all, story)
	if err != nil {
		return err
	}
	return linearizable(happened, drawing)
}

// storyOf is every write of the shared keys, in order, as a watch tells it. Their
// versions tell how many there are.
func storyOf(member *cluster.Member) (story []write, err error) {
	err = member.Do(func(ctx context.Context, one *clientv3.Client) error {
		now, err := one.Get(ctx, keyPrefix, clientv3.WithPrefix())
		if err != nil {
			return err
		}
		var count int64
		for _, kv := range now.Kvs {
			count += kv.Version
		}
		if count == 0 {
			return errors.New("nothing was written")
		}
		for told := range one.Watch(ctx, keyPrefix, clientv3.WithPrefix(), clientv3.WithRev(1)) {
			if err := told.Err(); err != nil {
				return err
			}
			for _, event := range told.Events {
				story = append(story, write{string(event.Kv.Key), registerOf(event.Kv), event.Kv.ModRevision})
			}
			if int64(len(story)) >= count {
				return nil
			}
		}
		return fmt.Errorf("a watch has told of %d writes, not of %d", len(story), count)
	})
	return story, err
}

// settle compares what was asked with what happened: each acknowledged write once,
// at its revision, no refused one, and none that nobody asked for. It returns the
// operations that took place; of those in doubt only the ones in the story did.
func settle(all []operation, story []write) ([]operation, error) {
	byValue, err := index(story)
	if err != nil {
		return nil, err
	}
	var happened []operation
	doubts, late := 0, 0
	for _, o := range all {
		w, found := byValue[o.request.value]
		delete(byValue, o.request.value)
		switch {
		case o.inDoubt:
			doubts++
			if !found {
				continue
			}
			late++
			o.wrote, o.before.version = true, w.after.version-1
		case found != o.wrote:
			return nil, fmt.Errorf("%s: wrote: %t, in the story: %t", o, o.wrote, found)
		case found && (w.revision != o.revision || w.after.version != o.before.version+1 || w.key != o.request.key):
			return nil, fmt.Errorf("%s: acknowledged at revision %d after version %d, and happened otherwise: %v", o, o.revision, o.before.version, w)
		}
		happened = append(happened, o)
	}
	for _, w := range byValue {
		return nil, fmt.Errorf("nobody asked for %v", w)
	}
	fmt.Printf("  %d operations answered; %d writes in doubt, of which %d happened\n", len(all)-doubts, doubts, late)
	return happened, nil
}

// index finds writes by what they wrote: nobody writes the same twice.
func index(story []write) (map[string]write, error) {
	byValue := map[string]write{}
	versions := map[string]int64{}
	for _, w := range story {
		if twice, there := byValue[w.after.value]; there {
			return nil, fmt.Errorf("happened twice: %v and %v", twice, w)
		}
		byValue[w.after.value] = w
		versions[w.key]++
		if w.after.version != versions[w.key] {
			return nil, fmt.Errorf("write %d of the key: %v", versions[w.key], w)
		}
	}
	return byValue, nil
}

// linearizable tells whether the operations can have happened one after the other,
// each between its call and its return; if not, they are drawn to a file.
func linearizable(happened []operation, drawing string) error {
	var all []porcupine.Operation
	for _, o := range happened {
		all = append(all, porcupine.Operation{ClientId: o.client, Input: o, Call: o.called, Return: o.returned})
	}
	result, info := porcupine.CheckOperationsVerbose(model, all, 2*time.Minute)
	if result == porcupine.Ok {
		return nil
	}
	err := fmt.Errorf("the history is not linearizable, or could not be judged in time (%s): %s", result, drawing)
	file, drawn := os.Create(drawing)
	if drawn != nil {
		return errors.Join(err, drawn)
	}
	defer file.Close()
	return errors.Join(err, porcupine.Visualize(model, info, file))
}

// model is one key, whose state is a register.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		for _, one := range history {
			key := one.Input.(operation).request.key
			byKey[key] = append(byKey[key], one)
		}
		var parts [][]porcupine.Operation
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return register{} },
	Step: func(state, input, _ any) (bool, any) {
		return input.(operation).step(state.(register))
	},
	DescribeOperation: func(input, _ any) string { return input.(operation).String() },
}

// step tells whether the operation can happen to a key in that state, and what the
// key is then.
func (o operation) step(now register) (bool, register) {
	asExpected := now.version == o.request.expected
	switch {
	case o.inDoubt && now.version != o.before.version, !o.inDoubt && now != o.before:
		return false, now
	case o.request.kind == swap && o.wrote != asExpected:
		return false, now
	case o.wrote:
		return true, register{o.request.value, now.version + 1}
	default:
		return true, now
	}
}

func (o operation) String() string {
	text := fmt.Sprintf("%s %s %s", [...]string{"get", "put", "swap"}[o.request.kind], o.request.key, o.request.value)
	if o.request.kind == swap {
		text += fmt.Sprintf(" if version %d", o.request.expected)
	}
	return fmt.Sprintf("%s -> was %v, wrote %t, in doubt %t", text, o.before, o.wrote, o.inDoubt)
}
