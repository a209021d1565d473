use crate::checks::{equal, there, Outcome};
use etcd_client::{
    Client, GetOptions, LeaseTimeToLiveOptions, LockOptions, ProclaimOptions, PutOptions, ResignOptions,
};
use std::error::Error;
use std::time::Duration;

async fn grant(client: &mut Client, ttl: i64) -> Result<i64, Box<dyn Error>> {
    Ok(client.lease_grant(ttl, None).await?.id())
}

pub async fn lease(mut client: Client, prefix: String) -> Outcome {
    let lease = grant(&mut client, 60).await?;
    for key in ["a", "b"] {
        client.put(format!("{prefix}{key}"), "x", Some(PutOptions::new().with_lease(lease))).await?;
    }
    let told = client.lease_time_to_live(lease, Some(LeaseTimeToLiveOptions::new().with_keys())).await?;
    equal("granted ttl and keys", (told.granted_ttl(), told.keys().len()), (60, 2))?;
    let listed = client.leases().await?.leases().iter().any(|other| other.id() == lease);
    equal("listed", listed, true)?;
    client.lease_revoke(lease).await?;
    equal("left", client.get(prefix, Some(GetOptions::new().with_prefix())).await?.count(), 0)?;
    equal("revoked again", client.lease_revoke(lease).await.is_err(), true)
}

pub async fn lease_kept_alive(mut client: Client, prefix: String) -> Outcome {
    let key = prefix + "k";
    let lease = grant(&mut client, 2).await?;
    client.put(key.as_str(), "x", Some(PutOptions::new().with_lease(lease))).await?;
    let (mut keeper, mut answers) = client.lease_keep_alive(lease).await?;
    for _ in 0..4 {
        keeper.keep_alive().await?;
        equal("ttl", there("answer", answers.message().await?)?.ttl(), 2)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    equal("keys", client.get(key.as_str(), None).await?.count(), 1)?;
    while client.get(key.as_str(), None).await?.count() > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    equal("ttl of none", client.lease_time_to_live(lease, None).await?.ttl(), -1)
}

pub async fn lock(mut client: Client, prefix: String) -> Outcome {
    let name = prefix + "l";
    let (first, second) = (grant(&mut client, 60).await?, grant(&mut client, 60).await?);
    let held = client.lock(name.as_str(), Some(LockOptions::new().with_lease(first))).await?;
    let mut waiting = {
        let (mut client, name) = (client.clone(), name.clone());
        tokio::spawn(async move { client.lock(name, Some(LockOptions::new().with_lease(second))).await })
    };
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    equal("a held lock is given", early.is_ok(), false)?;
    client.unlock(held.key()).await?;
    let next = waiting.await??;
    let prefix_of_key = next.key().starts_with(name.as_bytes());
    equal("key begins with the name", prefix_of_key, true)?;
    client.lease_revoke(second).await?;
    client.lock(name, Some(LockOptions::new().with_lease(first))).await?;
    Ok(())
}

async fn leader(client: &mut Client, name: &str) -> Result<String, Box<dyn Error>> {
    let answer = client.leader(name).await?;
    Ok(String::from_utf8_lossy(there("leader", answer.kv())?.value()).into_owned())
}

pub async fn election(mut client: Client, prefix: String) -> Outcome {
    let name = prefix + "e";
    equal("leader of nobody", client.leader(name.as_str()).await.is_err(), true)?;
    let (first, second) = (grant(&mut client, 60).await?, grant(&mut client, 60).await?);
    let won = client.campaign(name.as_str(), "first", first).await?;
    let key = there("leader key", won.leader().cloned())?;
    let waiting = {
        let (mut client, name) = (client.clone(), name.clone());
        tokio::spawn(async move { client.campaign(name, "second", second).await })
    };
    client.proclaim("1st", Some(ProclaimOptions::new().with_leader(key.clone()))).await?;
    equal("leader", leader(&mut client, &name).await?.as_str(), "1st")?;
    client.resign(Some(ResignOptions::new().with_leader(key))).await?;
    waiting.await??;
    equal("next leader", leader(&mut client, &name).await?.as_str(), "second")
}

pub async fn election_observed(mut client: Client, prefix: String) -> Outcome {
    let name = prefix + "e";
    let lease = grant(&mut client, 60).await?;
    // The server answers an observation with its first leader.
    let won = client.campaign(name.as_str(), "one", lease).await?;
    let key = there("leader key", won.leader().cloned())?;
    let mut seen = client.observe(name.as_str()).await?;
    for value in ["one", "two"] {
        let answer = there("observation", seen.message().await?)?;
        equal("observed", String::from_utf8_lossy(there("pair", answer.kv())?.value()).as_ref(), value)?;
        if value == "one" {
            client.proclaim("two", Some(ProclaimOptions::new().with_leader(key.clone()))).await?;
        }
    }
    Ok(())
}
