import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Election;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Lease;
import io.etcd.jetcd.Lock;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.common.exception.CompactedException;
import io.etcd.jetcd.election.CampaignResponse;
import io.etcd.jetcd.election.LeaderResponse;
import io.etcd.jetcd.election.NoLeaderException;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.CompactOption;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.support.CloseableClient;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Exercises a server through jetcd. It is started by cmd/clients, which says what the lines mean. */
public final class ClientTest {
  private final String endpoint;
  private final Client client;
  private final KV kv;
  private final Watch watches;
  private final Lease leases;
  private final Lock locks;
  private final Election elections;

  private ClientTest(String hostAndPort) {
    endpoint = "http://" + hostAndPort;
    client = Client.builder().endpoints(endpoint).build();
    kv = client.getKVClient();
    watches = client.getWatchClient();
    leases = client.getLeaseClient();
    locks = client.getLockClient();
    elections = client.getElectionClient();
  }

  public static void main(String[] arguments) {
    ClientTest test = new ClientTest(arguments[0]);
    Checks checks = new Checks();
    checks.add("put and get", test::putAndGet);
    checks.add("get by prefix, order, limit and revision", test::getByOptions);
    checks.add("delete", test::delete);
    checks.add("transactions", test::transactions);
    checks.add("namespace", test::namespace);
    checks.add("compaction", test::compaction);
    checks.add("watch a prefix", test::watchPrefix);
    checks.add("watch from a past revision with previous values", test::watchHistory);
    checks.add("watch of a compacted revision is refused", test::watchCompacted);
    checks.add("watch reports its creation and its progress", test::watchProgress);
    checks.add("lease with keys is granted and revoked", test::lease);
    checks.add("lease is kept alive, then expires", test::leaseKeptAlive);
    checks.add("lock excludes", test::lock);
    checks.add("election hands over", test::election);
    checks.add("election is observed", test::electionObserved);
    checks.add("members, status, alarms, snapshot", test::maintenance);
    checks.add("watch misses nothing over a restart", test::watchOverRestart);
    checks.run();
  }

  private static ByteSequence bytes(String text) {
    return ByteSequence.from(text, UTF_8);
  }

  private long put(String key, String value) throws Exception {
    return Checks.get(kv.put(bytes(key), bytes(value))).getHeader().getRevision();
  }

  private static String values(List<KeyValue> kvs) {
    List<String> values = new ArrayList<>();
    kvs.forEach(pair -> values.add(pair.getValue().toString(UTF_8)));
    return String.join(" ", values);
  }

  private String valueOf(String key) throws Exception {
    return values(Checks.get(kv.get(bytes(key))).getKvs());
  }

  private void putAndGet(String prefix) throws Exception {
    ByteSequence key = bytes(prefix + "k");
    put(prefix + "k", "one");
    var second = Checks.get(kv.put(key, bytes("two"), PutOption.builder().withPrevKV().build()));
    Checks.equal("previous value", second.getPrevKv().getValue().toString(UTF_8), "one");
    KeyValue got = Checks.get(kv.get(key)).getKvs().get(0);
    Checks.equal("value", got.getValue().toString(UTF_8), "two");
    Checks.equal("version", got.getVersion(), 2L);
    Checks.equal("revision", got.getModRevision(), second.getHeader().getRevision());
    Checks.equal("missing key", valueOf(prefix + "none"), "");
  }

  private GetResponse list(String prefix, GetOption.Builder option) throws Exception {
    return Checks.get(kv.get(bytes(prefix), option.isPrefix(true).build()));
  }

  private void getByOptions(String prefix) throws Exception {
    put(prefix + "a", "3");
    put(prefix + "b", "1");
    long last = put(prefix + "c", "2");
    Checks.equal("by value", values(list(prefix, GetOption.builder().withSortField(GetOption.SortTarget.VALUE)
        .withSortOrder(GetOption.SortOrder.DESCEND)).getKvs()), "3 2 1");
    GetResponse page = list(prefix, GetOption.builder().withLimit(2));
    Checks.equal("page", values(page.getKvs()), "3 1");
    Checks.equal("more", page.isMore(), true);
    Checks.equal("count", list(prefix, GetOption.builder().withCountOnly(true)).getCount(), 3L);
    Checks.equal("earlier", values(list(prefix, GetOption.builder().withRevision(last - 1)).getKvs()), "3 1");
  }

  private void delete(String prefix) throws Exception {
    put(prefix + "a", "1");
    put(prefix + "b", "2");
    var all = Checks.get(kv.delete(bytes(prefix), DeleteOption.builder().isPrefix(true).withPrevKV(true).build()));
    Checks.equal("deleted", all.getDeleted(), 2L);
    Checks.equal("previous", values(all.getPrevKvs()), "1 2");
    Checks.equal("deleted again", Checks.get(kv.delete(bytes(prefix + "a"))).getDeleted(), 0L);
  }

  private TxnResponse swap(String key, String from, String to) throws Exception {
    ByteSequence name = bytes(key);
    return Checks.get(kv.txn()
        .If(new Cmp(name, Cmp.Op.EQUAL, CmpTarget.value(bytes(from))),
            new Cmp(bytes(key + "-none"), Cmp.Op.EQUAL, CmpTarget.version(0)))
        .Then(Op.put(name, bytes(to), PutOption.DEFAULT), Op.get(name, GetOption.DEFAULT))
        .Else(Op.get(name, GetOption.DEFAULT)).commit());
  }

  private void transactions(String prefix) throws Exception {
    String key = prefix + "k";
    put(key, "one");
    TxnResponse swapped = swap(key, "one", "two");
    Checks.equal("succeeded", swapped.isSucceeded(), true);
    Checks.equal("own write", values(swapped.getGetResponses().get(0).getKvs()), "two");
    TxnResponse refused = swap(key, "one", "three");
    Checks.equal("succeeded", refused.isSucceeded(), false);
    Checks.equal("value", values(refused.getGetResponses().get(0).getKvs()), "two");
    Op nested = Op.txn(new Cmp[] {new Cmp(bytes(key), Cmp.Op.GREATER, CmpTarget.version(1))},
        new Op[] {Op.delete(bytes(key), DeleteOption.DEFAULT)}, new Op[0]);
    Checks.get(kv.txn().Then(nested).commit());
    Checks.equal("value", valueOf(key), "");
  }

  private void namespace(String prefix) throws Exception {
    try (Client inside = Client.builder().endpoints(endpoint).namespace(bytes(prefix)).build()) {
      Checks.get(inside.getKVClient().put(bytes("k"), bytes("x")));
      Checks.equal("value by its whole key", valueOf(prefix + "k"), "x");
      KeyValue got = Checks.get(inside.getKVClient().get(bytes("k"))).getKvs().get(0);
      Checks.equal("key inside", got.getKey().toString(UTF_8), "k");
    }
  }

  private void compaction(String prefix) throws Exception {
    long old = put(prefix + "k", "one");
    long current = put(prefix + "k", "two");
    Checks.get(kv.compact(current, CompactOption.builder().withCompactPhysical(true).build()));
    Throwable error = Checks.failure(kv.get(bytes(prefix + "k"), GetOption.builder().withRevision(old).build()));
    Checks.equal("says why", error.getMessage().contains("required revision has been compacted"), true);
  }

  /** A watch whose answers and error are read in the order of their arrival. */
  private final class Watching implements Watch.Listener, AutoCloseable {
    private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
    private final Watch.Watcher watcher;

    Watching(String key, WatchOption.Builder option) {
      watcher = watches.watch(bytes(key), option.withCreateNotify(true).build(), this);
    }

    @Override public void onNext(WatchResponse answer) {
      arrived.add(answer);
    }

    @Override public void onError(Throwable error) {
      if (error instanceof CompactedException) {
        arrived.add(error);
      } // of a lost connection one is told, too; the client then resumes the watch
    }

    @Override public void onCompleted() {}

    @Override public void close() {
      watcher.close();
    }

    Object next() throws Exception {
      Object next = arrived.poll(Checks.LIMIT_SECONDS / 2, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("nothing more from the watch");
      }
      return next;
    }

    Watching created() throws Exception {
      Checks.equal("created", ((WatchResponse) next()).isCreatedNotify(), true);
      return this;
    }

    List<WatchEvent> events(int count) throws Exception {
      List<WatchEvent> events = new ArrayList<>();
      while (events.size() < count) {
        events.addAll(((WatchResponse) next()).getEvents());
      }
      return events;
    }

    String texts(int count) throws Exception {
      List<String> texts = new ArrayList<>();
      for (WatchEvent event : events(count)) {
        texts.add(event.getEventType() + ":" + event.getKeyValue().getValue().toString(UTF_8));
      }
      return String.join(" ", texts);
    }
  }

  private void watchPrefix(String prefix) throws Exception {
    try (Watching watching = new Watching(prefix, WatchOption.builder().isPrefix(true)).created()) {
      put(prefix + "a", "1");
      put(prefix + "b", "2");
      Checks.get(kv.delete(bytes(prefix + "a")));
      Checks.equal("events", watching.texts(3), "PUT:1 PUT:2 DELETE:");
    }
  }

  private void watchHistory(String prefix) throws Exception {
    long start = put(prefix + "k", "one");
    put(prefix + "k", "two");
    WatchOption.Builder option = WatchOption.builder().withRevision(start).withPrevKV(true);
    try (Watching watching = new Watching(prefix + "k", option).created()) {
      List<WatchEvent> events = watching.events(2);
      Checks.equal("value", events.get(1).getKeyValue().getValue().toString(UTF_8), "two");
      Checks.equal("previous value", events.get(1).getPrevKV().getValue().toString(UTF_8), "one");
      put(prefix + "k", "three");
      Checks.equal("then", watching.texts(1), "PUT:three");
    }
  }

  private void watchCompacted(String prefix) throws Exception {
    long old = put(prefix + "k", "one");
    long current = put(prefix + "k", "two");
    Checks.get(kv.compact(current));
    try (Watching watching = new Watching(prefix + "k", WatchOption.builder().withRevision(old))) {
      Object next = watching.next();
      if (next instanceof WatchResponse) {
        next = watching.next(); // the first told of its creation
      }
      Checks.equal("compacted revision", ((CompactedException) next).getCompactedRevision(), current);
    }
  }

  private void watchProgress(String prefix) throws Exception {
    // The server is started with an interval of a second.
    WatchOption.Builder option = WatchOption.builder().withProgressNotify(true);
    try (Watching watching = new Watching(prefix + "k", option).created()) {
      Checks.equal("progress", ((WatchResponse) watching.next()).isProgressNotify(), true);
    }
  }

  private long grant(long seconds) throws Exception {
    return Checks.get(leases.grant(seconds)).getID();
  }

  private void putWithLease(String key, long lease) throws Exception {
    Checks.get(kv.put(bytes(key), bytes("x"), PutOption.builder().withLeaseId(lease).build()));
  }

  private void lease(String prefix) throws Exception {
    long lease = grant(60);
    putWithLease(prefix + "a", lease);
    putWithLease(prefix + "b", lease);
    var told = Checks.get(leases.timeToLive(lease, LeaseOption.builder().withAttachedKeys().build()));
    Checks.equal("granted ttl", told.getGrantedTTL(), 60L);
    Checks.equal("keys", told.getKeys().size(), 2);
    Checks.get(leases.revoke(lease));
    Checks.equal("left", list(prefix, GetOption.builder()).getCount(), 0L);
    Throwable error = Checks.failure(leases.revoke(lease));
    Checks.equal("says why", error.getMessage().contains("requested lease not found"), true);
  }

  private void leaseKeptAlive(String prefix) throws Exception {
    long lease = grant(2);
    AtomicInteger answers = new AtomicInteger();
    CloseableClient keepAlive = leases.keepAlive(lease, new StreamObserver<LeaseKeepAliveResponse>() {
      @Override public void onNext(LeaseKeepAliveResponse answer) {
        answers.incrementAndGet();
      }

      @Override public void onError(Throwable error) {}

      @Override public void onCompleted() {}
    });
    putWithLease(prefix + "k", lease);
    Thread.sleep(4500);
    Checks.equal("value", valueOf(prefix + "k"), "x");
    Checks.equal("was kept alive", answers.get() > 1, true);
    Checks.equal("ttl", Checks.get(leases.keepAliveOnce(lease)).getTTL(), 2L);
    try (Watching watching = new Watching(prefix + "k", WatchOption.builder()).created()) {
      keepAlive.close();
      Checks.equal("event", watching.texts(1), "DELETE:");
    }
  }

  private void lock(String prefix) throws Exception {
    AtomicInteger inside = new AtomicInteger();
    List<CompletableFuture<Integer>> entries = new ArrayList<>();
    ByteSequence name = bytes(prefix + "l");
    for (int i = 0; i < 8; i++) {
      long lease = grant(60);
      entries.add(locks.lock(name, lease).thenCompose(held -> {
        int holders = inside.incrementAndGet();
        inside.decrementAndGet();
        return locks.unlock(held.getKey()).thenApply(answer -> holders);
      }));
    }
    for (CompletableFuture<Integer> entry : entries) {
      Checks.equal("holders", Checks.get(entry), 1);
    }
    ByteSequence held = Checks.get(locks.lock(name, grant(60))).getKey();
    CompletableFuture<?> waiting = locks.lock(name, grant(60));
    Thread.sleep(300);
    Checks.equal("a held lock is given", waiting.isDone(), false);
    Checks.get(locks.unlock(held));
    Checks.get(waiting);
  }

  private String leader(String name) throws Exception {
    return Checks.get(elections.leader(bytes(name))).getKv().getValue().toString(UTF_8);
  }

  private void election(String prefix) throws Exception {
    String name = prefix + "e";
    Throwable error = Checks.failure(elections.leader(bytes(name)));
    Checks.equal("no leader", error instanceof NoLeaderException, true);
    CampaignResponse first = Checks.get(elections.campaign(bytes(name), grant(60), bytes("first")));
    CompletableFuture<CampaignResponse> second = elections.campaign(bytes(name), grant(60), bytes("second"));
    Checks.equal("leader", leader(name), "first");
    Checks.get(elections.proclaim(first.getLeader(), bytes("1st")));
    Checks.equal("proclaimed", leader(name), "1st");
    Checks.equal("second has won", second.isDone(), false);
    Checks.get(elections.resign(first.getLeader()));
    Checks.get(second);
    Checks.equal("leader", leader(name), "second");
  }

  private void electionObserved(String prefix) throws Exception {
    ByteSequence name = bytes(prefix + "e");
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    elections.observe(name, new Election.Listener() {
      @Override public void onNext(LeaderResponse leader) {
        seen.add(leader.getKv().getValue().toString(UTF_8));
      }

      @Override public void onError(Throwable error) {
        seen.add(error.toString());
      }

      @Override public void onCompleted() {}
    });
    CampaignResponse won = Checks.get(elections.campaign(name, grant(60), bytes("one")));
    Checks.equal("observed", seen.poll(10, TimeUnit.SECONDS), "one");
    Checks.get(elections.proclaim(won.getLeader(), bytes("two")));
    Checks.equal("observed", seen.poll(10, TimeUnit.SECONDS), "two");
  }

  private void maintenance(String prefix) throws Exception {
    var members = Checks.get(client.getClusterClient().listMember()).getMembers();
    Checks.equal("members", members.size(), 1);
    var status = Checks.get(client.getMaintenanceClient().statusMember(endpoint));
    Checks.equal("leader", status.getLeader(), members.get(0).getId());
    Checks.equal("alarms", Checks.get(client.getMaintenanceClient().listAlarms()).getAlarms().size(), 0);
    ByteArrayOutputStream snapshot = new ByteArrayOutputStream();
    long size = Checks.get(client.getMaintenanceClient().snapshot(snapshot));
    Checks.equal("snapshot's size", size, (long) snapshot.size());
    Checks.equal("snapshot has pages", size > 16384, true);
  }

  private void putAnyway(String key) throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        put(key, "x");
        return;
      } catch (Exception e) {
        if (attempt == 100) {
          throw e;
        }
        Thread.sleep(50);
      }
    }
  }

  private void watchOverRestart(String prefix) throws Exception {
    List<String> want = new ArrayList<>();
    List<String> got = new ArrayList<>();
    try (Watching watching = new Watching(prefix, WatchOption.builder().isPrefix(true)).created()) {
      for (int i = 0; i < 20; i++) {
        if (i == 10) {
          Checks.restartServer();
        }
        putAnyway(prefix + i);
        want.add(prefix + i);
      }
      while (got.size() < want.size()) {
        for (WatchEvent event : watching.events(1)) {
          String key = event.getKeyValue().getKey().toString(UTF_8);
          if (!got.contains(key)) { // a put whose answer was lost is done twice
            got.add(key);
          }
        }
      }
    }
    Checks.equal("events", got, want);
  }
}
