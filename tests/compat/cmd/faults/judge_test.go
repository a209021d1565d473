package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// past is a history by hand: operations that follow one another, unless said
// otherwise, on one key.
type past struct {
	all   []operation
	story []write
}

const testKey = keyPrefix + "0"

func (p *past) add(o operation) *operation {
	at := int64(10 * len(p.all))
	o.client, o.request.key, o.called = len(p.all), testKey, at
	o.returned = at + 5
	if o.inDoubt {
		o.returned = never
	}
	p.all = append(p.all, o)
	return &p.all[len(p.all)-1]
}

func (p *past) now() register {
	if len(p.story) == 0 {
		return register{}
	}
	return p.story[len(p.story)-1].after
}

// happens makes a write part of what a watch tells.
func (p *past) happens(value string) (revision int64) {
	revision = int64(len(p.story)) + 2
	p.story = append(p.story, write{testKey, register{value, p.now().version + 1}, revision})
	return revision
}

func (p *past) put(value string) {
	before := p.now()
	p.add(operation{request: request{kind: put, value: value},
		answer: answer{before: before, wrote: true, revision: p.happens(value)}})
}

func (p *past) read(told register) { p.add(operation{answer: answer{before: told}}) }

func (p *past) doubt(value string) {
	p.add(operation{request: request{kind: put, value: value}, inDoubt: true})
}

func (p *past) judge(t *testing.T) error {
	happened, err := settle(p.all, p.story)
	if err != nil {
		return err
	}
	return linearizable(happened, filepath.Join(t.TempDir(), "history.html"))
}

func (p *past) mustFail(t *testing.T, with string) {
	t.Helper()
	if err := p.judge(t); err == nil || !strings.Contains(err.Error(), with) {
		t.Errorf("%q expected, not: %v", with, err)
	}
}

func TestReadsOfTheLastWriteAreRight(t *testing.T) {
	var p past
	p.read(register{})
	p.put("a")
	p.read(register{"a", 1})
	p.put("b")
	p.read(register{"b", 2})
	if err := p.judge(t); err != nil {
		t.Error(err)
	}
}

func TestAWriteThatIsLostIsFound(t *testing.T) {
	var p past
	p.put("a")
	p.put("b")
	p.story = p.story[:1]
	p.mustFail(t, "in the story: false")
}

func TestAWriteThatHappensTwiceIsFound(t *testing.T) {
	var p past
	p.put("a")
	p.happens("a")
	p.mustFail(t, "happened twice")
}

func TestAWriteThatNobodyAskedForIsFound(t *testing.T) {
	var p past
	p.put("a")
	p.happens("b")
	p.mustFail(t, "nobody asked for")
}

func TestARevisionOtherThanTheAcknowledgedOneIsFound(t *testing.T) {
	var p past
	p.put("a")
	p.all[0].revision++
	p.mustFail(t, "happened otherwise")
}

func TestARevisionThatIsMissingInTheHistoryOfAKeyIsFound(t *testing.T) {
	var p past
	p.put("a")
	p.put("b")
	p.all, p.story = p.all[1:], p.story[1:]
	p.mustFail(t, "write 1 of the key")
}

func TestAStaleReadIsFound(t *testing.T) {
	var p past
	p.put("a")
	p.put("b")
	p.read(register{"a", 1})
	p.mustFail(t, "not linearizable")
}

func TestAReadAheadOfAWriteIsFound(t *testing.T) {
	var p past
	p.read(register{"a", 1})
	p.put("a")
	p.mustFail(t, "not linearizable")
}

func TestAWriteInDoubtMayNeverHappen(t *testing.T) {
	var p past
	p.doubt("a")
	p.put("b")
	p.read(register{"b", 1})
	if err := p.judge(t); err != nil {
		t.Error(err)
	}
}

func TestAWriteInDoubtMayHappenLateButOnlyOnce(t *testing.T) {
	var p past
	p.doubt("a")
	p.put("b")
	p.happens("a")
	p.read(register{"a", 2})
	if err := p.judge(t); err != nil {
		t.Error(err)
	}
	p.read(register{"b", 1})
	p.mustFail(t, "not linearizable")
}

func TestAWriteInDoubtThatHappenedBeforeItWasAskedForIsFound(t *testing.T) {
	var p past
	p.happens("a")
	p.read(register{"a", 1})
	p.doubt("a")
	p.mustFail(t, "not linearizable")
}

func TestASwapWritesIfAndOnlyIfTheVersionIsTheExpectedOne(t *testing.T) {
	for _, expected := range []int64{1, 2} {
		var p past
		p.put("a")
		p.add(operation{request: request{kind: swap, value: "b", expected: expected},
			answer: answer{before: p.now(), wrote: true, revision: 3}})
		p.happens("b")
		refused := p.add(operation{request: request{kind: swap, value: "c", expected: expected}, answer: answer{before: p.now()}})
		if err := p.judge(t); (err == nil) != (expected == 1) {
			t.Errorf("expected version %d: %v", expected, err)
		}
		refused.request.expected = 2
		p.mustFail(t, "not linearizable")
	}
}

func TestARefusedSwapThatWroteIsFound(t *testing.T) {
	var p past
	p.put("a")
	p.add(operation{request: request{kind: swap, value: "b", expected: 7}, answer: answer{before: p.now()}})
	p.happens("b")
	p.mustFail(t, "in the story: true")
}
