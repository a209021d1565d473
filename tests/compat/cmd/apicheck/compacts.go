package main

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

func compactScenarios() []scenario {
	return []scenario{
		{name: "compact: every revision in turn", run: compactEach},
		{name: "compact: refused", run: compactRefused},
		{name: "compact: HashKV before and after", run: compactHashes},
		{name: "compact: and a restart", run: compactRestart},
	}
}

func compactEach(p *pair) {
	seedKeys(p)
	last := p.revision
	for revision := int64(1); revision <= last; revision++ {
		p.ask(&pb.CompactionRequest{Revision: revision, Physical: revision%2 == 0})
		for _, at := range []int64{revision - 1, revision, revision + 1, last} {
			p.ask(getAt("\x00", "\x00", at))
			p.ask(&pb.HashKVRequest{Revision: at})
		}
	}
}

func compactRefused(p *pair) {
	p.ask(&pb.CompactionRequest{})
	p.ask(&pb.CompactionRequest{Revision: 1})
	p.ask(&pb.CompactionRequest{Revision: 1})
	p.ask(&pb.CompactionRequest{Revision: 2})
	seedKeys(p)
	for _, revision := range []int64{-1, -1 << 62, 0, 5, 5, 4, 1, p.revision, p.revision, p.revision + 1,
		1 << 62, p.revision - 1} {
		for _, physical := range []bool{false, true} {
			p.ask(&pb.CompactionRequest{Revision: revision, Physical: physical})
		}
	}
	p.sameEverything()
}

func compactHashes(p *pair) {
	seedKeys(p)
	p.ask(del("k", "l"))
	seedKeys(p)
	last := p.revision
	everyHash := func() {
		for revision := int64(-1); revision <= last+2; revision++ {
			p.ask(&pb.HashKVRequest{Revision: revision})
		}
	}
	everyHash()
	for _, revision := range []int64{last / 4, last / 2, last/2 + 1, last - 1, last} {
		p.ask(&pb.CompactionRequest{Revision: revision, Physical: true})
		everyHash()
		p.ask(&pb.DefragmentRequest{})
		everyHash()
	}
}

func compactRestart(p *pair) {
	seedKeys(p)
	p.ask(&pb.CompactionRequest{Revision: p.revision / 2})
	p.killAndRestart()
	p.sameEverything()
	p.ask(getAt("k", "l", p.revision/2-1))
	p.ask(&pb.CompactionRequest{Revision: p.revision / 2})
	p.ask(&pb.CompactionRequest{Revision: p.revision, Physical: true})
	p.ask(put("after", "restart"))
	p.killAndRestart()
	p.ask(put("after", "restart again"))
	p.ask(getRange("\x00", "\x00"))
	p.sameEverything()
}
