use crate::checks::{equal, there, Outcome};
use etcd_client::{
    AlarmAction, AlarmType, Client, Compare, CompareOp, DeleteOptions, GetOptions, KeyValue, KvClientPrefix, PutOptions,
    SortOrder, SortTarget, Txn, TxnOp, TxnOpResponse,
};

fn values(kvs: &[KeyValue]) -> String {
    let values: Vec<_> = kvs.iter().map(|kv| String::from_utf8_lossy(kv.value())).collect();
    values.join(" ")
}

pub async fn put_and_get(mut client: Client, prefix: String) -> Outcome {
    let key = prefix + "k";
    client.put(key.as_str(), "one", None).await?;
    let mut second = client.put(key.as_str(), "two", Some(PutOptions::new().with_prev_key())).await?;
    equal("previous value", there("previous pair", second.prev_key())?.value(), b"one")?;
    let got = client.get(key.as_str(), None).await?;
    let kv = there("pair", got.kvs().first())?;
    equal("value", kv.value(), b"two")?;
    equal("version", kv.version(), 2)?;
    equal("revision", kv.mod_revision(), there("header", second.take_header())?.revision())?;
    equal("missing key", client.get(key + "-none", None).await?.count(), 0)
}

pub async fn get_by_options(mut client: Client, prefix: String) -> Outcome {
    let mut last = 0;
    for (key, value) in [("a", "3"), ("b", "1"), ("c", "2")] {
        let answer = client.put(format!("{prefix}{key}"), value, None).await?;
        last = there("header", answer.header())?.revision();
    }
    let all = GetOptions::new().with_prefix();
    let sorted = all.clone().with_sort(SortTarget::Value, SortOrder::Descend);
    equal("by value", values(client.get(prefix.as_str(), Some(sorted)).await?.kvs()).as_str(), "3 2 1")?;
    let page = client.get(prefix.as_str(), Some(all.clone().with_limit(2))).await?;
    equal("page", (values(page.kvs()).as_str(), page.more(), page.count()), ("3 1", true, 3))?;
    let old = client.get(prefix.as_str(), Some(all.clone().with_revision(last - 1))).await?;
    equal("earlier", values(old.kvs()).as_str(), "3 1")?;
    let keys = client.get(prefix.as_str(), Some(all.with_keys_only())).await?;
    equal("values of keys alone", values(keys.kvs()).trim(), "")
}

pub async fn get_stream(client: Client, prefix: String) -> Outcome {
    let mut kv = client.kv_client();
    let value = "v".repeat(100 << 10);
    for i in 0..50 {
        kv.put(format!("{prefix}{i:02}"), value.as_str(), None).await?;
    }
    let mut stream = kv.get_stream(prefix.as_str(), Some(GetOptions::new().with_prefix())).await?;
    let (mut keys, mut count) = (Vec::new(), 0);
    while let Some(chunk) = stream.message().await? {
        keys.extend(chunk.kvs().iter().map(|kv| String::from_utf8_lossy(kv.key()).into_owned()));
        count = chunk.count();
    }
    equal("count", count, 50)?;
    equal("keys", keys, (0..50).map(|i| format!("{prefix}{i:02}")).collect())
}

pub async fn delete(mut client: Client, prefix: String) -> Outcome {
    client.put(format!("{prefix}a"), "1", None).await?;
    client.put(format!("{prefix}b"), "2", None).await?;
    let options = DeleteOptions::new().with_prefix().with_prev_key();
    let all = client.delete(prefix.as_str(), Some(options)).await?;
    equal("deleted", all.deleted(), 2)?;
    equal("previous", values(all.prev_kvs()).as_str(), "1 2")?;
    equal("deleted again", client.delete(format!("{prefix}a"), None).await?.deleted(), 0)
}

fn swap(key: &str, from: &str, to: &str) -> Txn {
    Txn::new()
        .when([
            Compare::value(key, CompareOp::Equal, from),
            Compare::version(format!("{key}-none"), CompareOp::Equal, 0),
        ])
        .and_then([TxnOp::put(key, to, None), TxnOp::get(key, None)])
        .or_else([TxnOp::get(key, None)])
}

pub async fn transactions(mut client: Client, prefix: String) -> Outcome {
    let key = prefix + "k";
    client.put(key.as_str(), "one", None).await?;
    let swapped = client.txn(swap(&key, "one", "two")).await?;
    equal("succeeded", swapped.succeeded(), true)?;
    match swapped.op_responses().get(1) {
        Some(TxnOpResponse::Get(own)) => equal("own write", values(own.kvs()).as_str(), "two")?,
        other => return Err(format!("second answer {other:?}").into()),
    }
    equal("succeeded again", client.txn(swap(&key, "one", "three")).await?.succeeded(), false)?;
    let inner = Txn::new()
        .when([Compare::version(key.as_str(), CompareOp::Greater, 1)])
        .and_then([TxnOp::delete(key.as_str(), None)]);
    client.txn(Txn::new().and_then([TxnOp::txn(inner)])).await?;
    equal("left", client.get(key, None).await?.count(), 0)
}

pub async fn namespace(mut client: Client, prefix: String) -> Outcome {
    let mut inside = KvClientPrefix::new(client.kv_client(), prefix.clone().into_bytes());
    inside.put("k", "x", None).await?;
    let got = inside.get("k", None).await?;
    equal("key inside", there("pair", got.kvs().first())?.key(), b"k")?;
    equal("by its whole key", client.get(prefix + "k", None).await?.count(), 1)
}

pub async fn compaction(mut client: Client, prefix: String) -> Outcome {
    let key = prefix + "k";
    let old = there("header", client.put(key.as_str(), "one", None).await?.header())?.revision();
    let current = there("header", client.put(key.as_str(), "two", None).await?.header())?.revision();
    client.compact(current, None).await?;
    match client.get(key, Some(GetOptions::new().with_revision(old))).await {
        Err(etcd_client::Error::GRpcStatus(status)) => {
            equal("error", status.message(), "etcdserver: mvcc: required revision has been compacted")
        }
        other => Err(format!("{other:?} instead of an error").into()),
    }
}

pub async fn maintenance(mut client: Client, _prefix: String) -> Outcome {
    let members = client.member_list().await?;
    equal("members", members.members().len(), 1)?;
    equal("leader", client.status().await?.leader(), members.members()[0].id())?;
    let alarms = client.alarm(AlarmAction::Get, AlarmType::None, None).await?;
    equal("alarms", alarms.alarms().len(), 0)?;
    let mut snapshot = client.snapshot().await?;
    let mut size = 0;
    while let Some(part) = snapshot.message().await? {
        size += part.blob().len();
    }
    equal("snapshot has pages", size > 16384, true)
}
