"""Exercises a server through the etcd3 package (gRPC)."""

import io
import sys
import threading
import time

import etcd3
from checks import equal, raises, restart_server, run_all, take


def put_and_get(etcd):
    etcd.put("/kv/k", "one")
    before = etcd.put("/kv/k", "two", prev_kv=True)
    equal("previous value", before.prev_kv.value, b"one")
    value, meta = etcd.get("/kv/k")
    equal("value", value, b"two")
    equal("version", meta.version, 2)
    equal("revision", meta.mod_revision, before.header.revision)
    equal("missing key", etcd.get("/kv/none"), (None, None))
    equal("serializable", etcd.get("/kv/k", serializable=True)[0], b"two")


def ranges(etcd):
    for key, value in ("a", "3"), ("b", "1"), ("c", "2"):
        etcd.put(f"/range/{key}", value)
    by_value = etcd.get_prefix("/range/", sort_order="descend", sort_target="value")
    equal("by value", [value for value, _ in by_value], [b"3", b"2", b"1"])
    inner = etcd.get_range("/range/a", "/range/c")
    equal("range", [meta.key for _, meta in inner], [b"/range/a", b"/range/b"])
    keys = etcd.get_prefix("/range/", keys_only=True)
    equal("keys alone", [value for value, _ in keys], [b"", b"", b""])


def deletes(etcd):
    etcd.put("/delete/a", "1")
    etcd.put("/delete/b", "2")
    equal("deleted", etcd.delete("/delete/a"), True)
    equal("deleted again", etcd.delete("/delete/a"), False)
    equal("deleted by prefix", etcd.delete_prefix("/delete/").deleted, 1)


def transactions(etcd):
    txn = etcd.transactions
    etcd.put("/txn/k", "one")

    def swap(old, new):
        return etcd.transaction(
            compare=[txn.value("/txn/k") == old, txn.version("/txn/none") == 0],
            success=[txn.put("/txn/k", new), txn.get("/txn/k")],
            failure=[txn.get("/txn/k")],
        )

    succeeded, answers = swap("one", "two")
    equal("succeeded", succeeded, True)
    equal("own write", answers[1][0][0], b"two")
    succeeded, answers = swap("one", "three")
    equal("succeeded", succeeded, False)
    equal("value", answers[0][0][0], b"two")
    inner = txn.txn(compare=[txn.version("/txn/k") > 0], success=[txn.delete("/txn/k")], failure=[])
    equal("nested", etcd.transaction(compare=[], success=[inner], failure=[])[0], True)
    equal("deleted", etcd.get("/txn/k")[0], None)


def conditional_puts(etcd):
    equal("put if absent", etcd.put_if_not_exists("/cond/k", "one"), True)
    equal("put if absent, again", etcd.put_if_not_exists("/cond/k", "two"), False)
    equal("replaced", etcd.replace("/cond/k", "one", "three"), True)
    equal("replaced again", etcd.replace("/cond/k", "one", "four"), False)


def watch_prefix(etcd):
    events, cancel = etcd.watch_prefix("/watch/")
    etcd.put("/watch/a", "1")
    etcd.put("/watch/a", "2")
    etcd.delete("/watch/a")
    seen = [(type(event).__name__, event.key, event.value) for event in take(events, 3)]
    equal("events", seen, [
        ("PutEvent", b"/watch/a", b"1"),
        ("PutEvent", b"/watch/a", b"2"),
        ("DeleteEvent", b"/watch/a", b""),
    ])
    cancel()


def watch_history(etcd):
    start = etcd.put("/history/k", "one").header.revision
    etcd.put("/history/k", "two")
    events, cancel = etcd.watch("/history/k", start_revision=start, prev_kv=True)
    first, second = take(events, 2)
    equal("values", [first.value, second.value], [b"one", b"two"])
    equal("previous value", second.prev_value, b"one")
    cancel()


def watch_compacted(etcd):
    start = etcd.put("/compacted/k", "one").header.revision
    etcd.compact(etcd.put("/compacted/k", "two").header.revision, physical=True)
    events, _ = etcd.watch("/compacted/k", start_revision=start)
    with raises(etcd3.exceptions.RevisionCompactedError):
        next(events)


def watch_many(etcd):
    watches = [etcd.watch(f"/many/{i}") for i in range(50)]
    for i in range(50):
        etcd.put(f"/many/{i}", str(i))
    for i, (events, cancel) in enumerate(watches):
        equal("value", next(events).value, str(i).encode())
        cancel()
    threading.Timer(0.2, etcd.put, ("/many/once", "x")).start()
    equal("once", etcd.watch_once("/many/once", timeout=10).value, b"x")


def leases(etcd):
    lease = etcd.lease(60)
    etcd.put("/lease/a", "1", lease=lease)
    etcd.put("/lease/b", "2", lease=lease)
    equal("granted ttl", lease.granted_ttl, 60)
    equal("keys", sorted(lease.keys), [b"/lease/a", b"/lease/b"])
    equal("remaining ttl in bounds", 50 < lease.remaining_ttl <= 60, True)
    lease.revoke()
    equal("keys", list(etcd.get_prefix("/lease/")), [])


def lease_expiry(etcd):
    lease = etcd.lease(2)
    events, cancel = etcd.watch("/expiry/k")
    etcd.put("/expiry/k", "x", lease=lease)
    for _ in range(4):
        time.sleep(1)
        equal("ttl", lease.refresh()[0].TTL, 2)
    equal("value while refreshed", etcd.get("/expiry/k")[0], b"x")
    equal("events", [type(event).__name__ for event in take(events, 2)], ["PutEvent", "DeleteEvent"])
    cancel()


def locks(etcd):
    first, second = etcd.lock("locks-test", ttl=30), etcd.lock("locks-test", ttl=30)
    equal("acquired", first.acquire(timeout=5), True)
    equal("held", first.is_acquired(), True)
    equal("acquired by another", second.acquire(timeout=1), False)
    threading.Timer(0.3, first.release).start()
    equal("acquired once free", second.acquire(timeout=10), True)
    equal("held by the first", first.is_acquired(), False)
    equal("released", second.release(), True)


def locks_exclude(_):
    inside, entries = [], []

    def enter():
        client = connect()
        with client.lock("exclude-test", ttl=30):
            inside.append(1)
            entries.append(len(inside))
            time.sleep(0.005)
            inside.pop()
        client.close()

    threads = [threading.Thread(target=enter, daemon=True) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal("holders at each entry", entries, [1] * 5)


def maintenance(etcd):
    equal("members", len(list(etcd.members)), 1)
    status = etcd.status()
    equal("leader", status.leader.id, list(etcd.members)[0].id)
    equal("alarms", list(etcd.list_alarms()), [])
    snapshot = io.BytesIO()
    etcd.snapshot(snapshot)
    equal("snapshot has pages", snapshot.tell() > 16384, True)
    etcd.defragment()


def restart(etcd):
    lease = etcd.lease(60)
    etcd.put("/restart/k", "before", lease=lease)
    restart_server()
    for _ in range(100):
        try:
            equal("value", etcd.get("/restart/k")[0], b"before")
            break
        except etcd3.exceptions.ConnectionFailedError:
            time.sleep(0.1)
    equal("lease's keys", list(lease.keys), [b"/restart/k"])
    events, cancel = etcd.watch("/restart/k")
    etcd.put("/restart/k", "after")
    equal("event", next(events).value, b"after")
    cancel()


CHECKS = [
    ("put and get", put_and_get),
    ("get by prefix, range and order", ranges),
    ("delete", deletes),
    ("transactions", transactions),
    ("conditional puts", conditional_puts),
    ("watch a prefix", watch_prefix),
    ("watch from a past revision with previous values", watch_history),
    ("watch of a compacted revision is refused", watch_compacted),
    ("50 watches on one stream", watch_many),
    ("lease with keys is granted and revoked", leases),
    ("lease is kept alive, then expires", lease_expiry),
    ("lock", locks),
    ("lock excludes", locks_exclude),
    ("members, status, alarms, snapshot, defragmentation", maintenance),
    ("data, leases and new watches after a restart", restart),
]


def connect():
    host, port = sys.argv[1].split(":")
    return etcd3.client(host=host, port=int(port))


if __name__ == "__main__":
    run_all(CHECKS, connect())
