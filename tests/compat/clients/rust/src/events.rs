use crate::checks::{equal, restart_server, there, Outcome};
use etcd_client::{Client, EventType, LeaseTimeToLiveOptions, PutOptions, WatchOptions, WatchStream};
use std::error::Error;
use std::time::Duration;

/// Reads answers until there are n events; returns them as "PUT value" and "DELETE ".
async fn collect(stream: &mut WatchStream, n: usize) -> Result<Vec<String>, Box<dyn Error>> {
    let mut events = Vec::new();
    while events.len() < n {
        let answer = there("further answer", stream.message().await?)?;
        for event in answer.events() {
            let kind = if event.event_type() == EventType::Put { "PUT" } else { "DELETE" };
            let kv = there("pair", event.kv())?;
            events.push(format!("{kind} {}", String::from_utf8_lossy(kv.value())));
        }
    }
    Ok(events)
}

/// Opens a watch and waits until the server has it.
async fn watch(client: &mut Client, key: &str, options: WatchOptions) -> Result<WatchStream, Box<dyn Error>> {
    let mut stream = client.watch(key, Some(options)).await?;
    equal("created", there("answer", stream.message().await?)?.created(), true)?;
    Ok(stream)
}

async fn put(client: &mut Client, key: &str, value: &str) -> Result<i64, Box<dyn Error>> {
    Ok(there("header", client.put(key, value, None).await?.header())?.revision())
}

pub async fn watch_prefix(mut client: Client, prefix: String) -> Outcome {
    let mut stream = watch(&mut client, &prefix, WatchOptions::new().with_prefix()).await?;
    put(&mut client, &format!("{prefix}a"), "1").await?;
    put(&mut client, &format!("{prefix}b"), "2").await?;
    client.delete(format!("{prefix}a"), None).await?;
    equal("events", collect(&mut stream, 3).await?.join(", ").as_str(), "PUT 1, PUT 2, DELETE ")
}

pub async fn watch_history(mut client: Client, prefix: String) -> Outcome {
    let key = prefix + "k";
    let start = put(&mut client, &key, "one").await?;
    put(&mut client, &key, "two").await?;
    let options = WatchOptions::new().with_start_revision(start + 1).with_prev_key();
    let mut stream = watch(&mut client, &key, options).await?;
    let answer = there("answer", stream.message().await?)?;
    let event = there("event", answer.events().first())?;
    equal("previous value", there("previous pair", event.prev_kv())?.value(), b"one")?;
    put(&mut client, &key, "three").await?;
    equal("then", collect(&mut stream, 1).await?.join(", ").as_str(), "PUT three")
}

pub async fn watch_compacted(mut client: Client, prefix: String) -> Outcome {
    let key = prefix + "k";
    let old = put(&mut client, &key, "one").await?;
    let current = put(&mut client, &key, "two").await?;
    client.compact(current, None).await?;
    let mut stream = client.watch(key, Some(WatchOptions::new().with_start_revision(old))).await?;
    loop {
        let answer = there("answer that cancels", stream.message().await?)?;
        if answer.canceled() {
            return equal("compact revision", answer.compact_revision(), current);
        }
    }
}

pub async fn watch_several(mut client: Client, prefix: String) -> Outcome {
    let key = |name: &str| format!("{prefix}{name}");
    let mut stream = watch(&mut client, &key("a"), WatchOptions::new().with_watch_id(7)).await?;
    stream.watch(key("b"), Some(WatchOptions::new().with_watch_id(8))).await?;
    equal("id", there("answer", stream.message().await?)?.watch_id(), 8)?;
    put(&mut client, &key("a"), "1").await?;
    equal("watch of the event", there("answer", stream.message().await?)?.watch_id(), 7)?;
    stream.cancel(7).await?;
    let answer = there("answer", stream.message().await?)?;
    equal("cancelled", (answer.canceled(), answer.watch_id()), (true, 7))?;
    put(&mut client, &key("a"), "2").await?;
    put(&mut client, &key("b"), "3").await?;
    equal("events", collect(&mut stream, 1).await?.join(", ").as_str(), "PUT 3")
}

pub async fn watch_progress(mut client: Client, prefix: String) -> Outcome {
    let mut stream = watch(&mut client, &prefix, WatchOptions::new().with_prefix()).await?;
    let elsewhere = put(&mut client, "/elsewhere", "x").await?;
    loop {
        stream.request_progress().await?;
        let answer = there("answer", stream.message().await?)?;
        equal("events", answer.events().len(), 0)?;
        if there("header", answer.header())?.revision() >= elsewhere {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub async fn restart(mut client: Client, prefix: String) -> Outcome {
    let key = prefix + "k";
    let lease = client.lease_grant(60, None).await?.id();
    let answer = client.put(key.as_str(), "before", Some(PutOptions::new().with_lease(lease))).await?;
    let seen = there("header", answer.header())?.revision();
    let mut stream = watch(&mut client, &key, WatchOptions::new()).await?;
    restart_server().await?;
    // This client leaves it to its user to resume a watch.
    equal("the stream goes on", stream.message().await.is_ok_and(|answer| answer.is_some()), false)?;
    while put(&mut client, &key, "after").await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut stream = watch(&mut client, &key, WatchOptions::new().with_start_revision(seen)).await?;
    equal("events", collect(&mut stream, 2).await?.join(", ").as_str(), "PUT before, PUT after")?;
    let told = client.lease_time_to_live(lease, Some(LeaseTimeToLiveOptions::new().with_keys())).await?;
    equal("keys of the lease that the second put left", told.keys().len(), 0)?;
    equal("granted ttl", told.granted_ttl(), 60)
}
