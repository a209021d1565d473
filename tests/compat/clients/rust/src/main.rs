//! Exercises a server through the etcd-client crate. It is started by
//! cmd/clients, which says what the printed lines mean.

mod checks;
mod coordination;
mod data;
mod events;

use checks::{Checks, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let endpoint = std::env::args().nth(1).ok_or("usage: client-test HOST:PORT")?;
    let mut checks = Checks::new(endpoint);
    checks.run("put and get", data::put_and_get).await;
    checks.run("get by prefix, order, limit and revision", data::get_by_options).await;
    checks.run("get as a stream", data::get_stream).await;
    checks.run("delete", data::delete).await;
    checks.run("transactions", data::transactions).await;
    checks.run("namespace", data::namespace).await;
    checks.run("compaction", data::compaction).await;
    checks.run("members, status, alarms, snapshot", data::maintenance).await;
    checks.run("watch a prefix", events::watch_prefix).await;
    checks.run("watch from a past revision with previous values", events::watch_history).await;
    checks.run("watch of a compacted revision is cancelled", events::watch_compacted).await;
    checks.run("several watches on one stream, some cancelled", events::watch_several).await;
    checks.run("watch reports its progress when asked", events::watch_progress).await;
    checks.run("lease with keys is granted and revoked", coordination::lease).await;
    checks.run("lease is kept alive, then expires", coordination::lease_kept_alive).await;
    checks.run("lock excludes", coordination::lock).await;
    checks.run("election hands over", coordination::election).await;
    checks.run("election is observed", coordination::election_observed).await;
    checks.run("data, leases and watches from where they were after a restart", events::restart).await;
    checks.finish()
}
