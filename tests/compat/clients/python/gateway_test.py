"""Exercises a server's JSON gateway through the etcd3gw package."""

import sys
import time

import etcd3gw
from checks import equal, restart_server, run_all, take


def put_and_get(etcd):
    equal("put", etcd.put("/kv/k", "one"), True)
    etcd.put("/kv/k", b"\x00\xff two")
    (value, meta), = etcd.get("/kv/k", metadata=True)
    equal("value", value, b"\x00\xff two")
    equal("version", meta["version"], "2")
    equal("missing key", etcd.get("/kv/none"), [])


def ranges(etcd):
    for key, value in ("a", "3"), ("b", "1"), ("c", "2"):
        etcd.put(f"/range/{key}", value)
    by_value = etcd.get_prefix("/range/", sort_order="ascend", sort_target="value")
    equal("by value", [value for value, _ in by_value], [b"1", b"2", b"3"])
    page = etcd.get("/range/", range_end="/range0", limit=2, keys_only=True, metadata=True)
    equal("page", [meta["key"] for _, meta in page], [b"/range/a", b"/range/b"])


def deletes(etcd):
    etcd.put("/delete/a", "1")
    etcd.put("/delete/b", "2")
    equal("deleted", etcd.delete("/delete/a"), True)
    equal("deleted again", etcd.delete("/delete/a"), False)
    equal("deleted by prefix", etcd.delete_prefix("/delete/"), True)
    equal("left", etcd.get_prefix("/delete/"), [])


def transactions(etcd):
    equal("created", etcd.create("/txn/k", "one"), True)
    equal("created again", etcd.create("/txn/k", "two"), False)
    equal("replaced", etcd.replace("/txn/k", "one", "three"), True)
    equal("replaced again", etcd.replace("/txn/k", "one", "four"), False)
    equal("value", etcd.get("/txn/k"), [b"three"])


def watches(etcd):
    events, cancel = etcd.watch_prefix("/watch/")
    etcd.put("/watch/a", "1")
    etcd.put("/watch/a", "2")
    etcd.delete("/watch/a")
    seen = [(event.get("type", "PUT"), event["kv"]["key"], event["kv"].get("value")) for event in take(events, 3)]
    equal("events", seen, [("PUT", b"/watch/a", b"1"), ("PUT", b"/watch/a", b"2"), ("DELETE", b"/watch/a", None)])
    cancel()


def watch_history(etcd):
    etcd.put("/history/k", "one")
    (_, meta), = etcd.get("/history/k", metadata=True)
    etcd.put("/history/k", "two")
    events, cancel = etcd.watch("/history/k", start_revision=int(meta["mod_revision"]))
    equal("values", [event["kv"]["value"] for event in take(events, 2)], [b"one", b"two"])
    cancel()


def leases(etcd):
    lease = etcd.lease(60)
    etcd.put("/lease/a", "1", lease=lease)
    etcd.put("/lease/b", "2", lease=lease)
    equal("ttl in bounds", 50 < lease.ttl() <= 60, True)
    equal("keys", sorted(lease.keys()), [b"/lease/a", b"/lease/b"])
    equal("refreshed", lease.refresh(), 60)
    equal("revoked", lease.revoke(), True)
    equal("left", etcd.get_prefix("/lease/"), [])
    equal("refreshed afterwards", lease.refresh(), -1)


def lease_expiry(etcd):
    etcd.put("/expiry/k", "x", lease=etcd.lease(1))
    deadline = time.monotonic() + 20
    while etcd.get("/expiry/k") and time.monotonic() < deadline:
        time.sleep(0.1)
    equal("value", etcd.get("/expiry/k"), [])


def locks(etcd):
    first, second = etcd.lock("gateway-test", ttl=30), etcd.lock("gateway-test", ttl=30)
    equal("acquired", first.acquire(), True)
    equal("acquired by another", second.acquire(), False)
    equal("held", first.is_acquired(), True)
    equal("released", first.release(), True)
    equal("acquired once free", second.acquire(), True)
    equal("refreshed", second.refresh(), 30)
    equal("released", second.release(), True)


def maintenance(etcd):
    members = etcd.members()
    equal("members", len(members), 1)
    equal("leader", etcd.status()["leader"], members[0]["ID"])


def restart(etcd):
    etcd.put("/restart/k", "before")
    restart_server()
    equal("value", etcd.get("/restart/k"), [b"before"])


CHECKS = [
    ("put and get", put_and_get),
    ("get by prefix, limit and order", ranges),
    ("delete", deletes),
    ("transactions", transactions),
    ("watch a prefix", watches),
    ("watch from a past revision", watch_history),
    ("lease with keys is granted and revoked", leases),
    ("lease expires", lease_expiry),
    ("lock", locks),
    ("members and status", maintenance),
    ("data after a restart", restart),
]

if __name__ == "__main__":
    host, port = sys.argv[1].split(":")
    run_all(CHECKS, etcd3gw.client(host=host, port=int(port)))
