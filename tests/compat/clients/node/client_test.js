// Exercises a server through the etcd3 package. It is started by cmd/clients,
// which says what the printed lines mean.
'use strict';

const assert = require('node:assert/strict');
const readline = require('node:readline');
const { setTimeout: sleep } = require('node:timers/promises');
const { Etcd3, EtcdError, EtcdLeaseInvalidError, EtcdLockFailedError } = require('etcd3');

const checkLimitMs = 40_000;
const endpoint = process.argv[2];
const driver = readline.createInterface({ input: process.stdin });
const connect = () => new Etcd3({ hosts: `http://${endpoint}` });

// Has the server killed and started again.
async function restartServer() {
  console.log('RESTART');
  await new Promise((serves) => driver.once('line', serves));
}

// Collects n events of a watcher as 'put key=value' and 'delete key='.
function collect(watcher, n) {
  return new Promise((resolve, reject) => {
    const events = [];
    const add = (type) => (kv) => {
      events.push(`${type} ${kv.key}=${kv.value}`);
      if (events.length === n) resolve(events);
    };
    watcher.on('put', add('put')).on('delete', add('delete')).on('error', reject);
  });
}

// A promise of the next time that emitter emits event.
const next = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));

const checks = {
  async 'put and get'(etcd) {
    const first = await etcd.put('k').value('one');
    const previous = await etcd.put('k').value('two').getPrevious();
    assert.equal(previous.value.toString(), 'one');
    assert.equal(Number(previous.header.revision), Number(first.header.revision) + 1);
    assert.equal(await etcd.get('k'), 'two');
    assert.equal(await etcd.get('none'), null);
    assert.equal(await etcd.get('k').revision(first.header.revision).string(), 'one');
    const whole = await etcd.get('k').exec();
    assert.equal(whole.kvs[0].version, '2');
  },

  async 'get by prefix, order and limit'(etcd) {
    for (const [key, value] of [['a', '3'], ['b', '1'], ['c', '2']]) await etcd.put(`p/${key}`).value(value);
    assert.deepEqual(await etcd.getAll().prefix('p/').strings(), { 'p/a': '3', 'p/b': '1', 'p/c': '2' });
    assert.deepEqual(await etcd.getAll().prefix('p/').sort('Value', 'Descend').keys(), ['p/a', 'p/c', 'p/b']);
    assert.deepEqual(await etcd.getAll().prefix('p/').limit(2).keys(), ['p/a', 'p/b']);
    assert.equal(await etcd.getAll().prefix('p/').count(), 3);
  },

  async 'delete'(etcd) {
    await etcd.put('a').value('1');
    await etcd.put('b').value('2');
    const previous = await etcd.delete().key('a').getPrevious();
    assert.equal(previous[0].value.toString(), '1');
    assert.equal((await etcd.delete().all()).deleted, '1');
  },

  async 'transaction'(etcd) {
    const swap = (from, to) => etcd.if('k', 'Value', '==', from).then(etcd.put('k').value(to)).else(etcd.get('k')).commit();
    await etcd.put('k').value('one');
    assert.equal((await swap('one', 'two')).succeeded, true);
    const refused = await swap('one', 'three');
    assert.equal(refused.succeeded, false);
    assert.equal(refused.responses[0].response_range.kvs[0].value.toString(), 'two');
    const both = await etcd.if('k', 'Version', '==', 2).and('none', 'Create', '==', 0).then(etcd.delete().key('k')).commit();
    assert.equal(both.succeeded, true);
    assert.equal(await etcd.get('k').exists(), false);
  },

  async 'errors carry the server\'s text'(etcd) {
    await assert.rejects(etcd.put('k').value('x').lease('123456789'), (err) => {
      assert.ok(err instanceof EtcdLeaseInvalidError || err instanceof EtcdError, err);
      assert.match(err.message, /requested lease not found/);
      return true;
    });
  },

  async 'watch a key'(etcd) {
    const watcher = await etcd.watch().key('k').create();
    const seen = collect(watcher, 3);
    await etcd.put('other').value('x');
    await etcd.put('k').value('one');
    await etcd.put('k').value('two');
    await etcd.delete().key('k');
    assert.deepEqual(await seen, ['put k=one', 'put k=two', 'delete k=']);
    await watcher.cancel();
  },

  async 'watch a prefix from a past revision'(etcd) {
    const start = (await etcd.put('p/a').value('1')).header.revision;
    await etcd.put('p/b').value('2');
    const watcher = etcd.watch().prefix('p/').startRevision(start).watcher();
    const seen = collect(watcher, 3);
    await next(watcher, 'connected');
    await etcd.put('p/c').value('3');
    assert.deepEqual(await seen, ['put p/a=1', 'put p/b=2', 'put p/c=3']);
    await watcher.cancel();
  },

  async 'watch with previous values and without puts'(etcd) {
    await etcd.put('k').value('one');
    const watcher = await etcd.watch().key('k').withPreviousKV().only('delete').create();
    const deleted = new Promise((resolve) => watcher.on('delete', (kv, previous) => resolve(previous.value.toString())));
    await etcd.put('k').value('two');
    await etcd.delete().key('k');
    assert.equal(await deleted, 'two');
    await watcher.cancel();
  },

  async 'lease with keys is granted and revoked'(etcd) {
    const lease = etcd.lease(60);
    await lease.put('a').value('1');
    await lease.put('b').value('2');
    const told = await etcd.leaseClient.leaseTimeToLive({ ID: await lease.grant(), keys: true });
    assert.equal(told.grantedTTL, '60');
    assert.equal(told.keys.length, 2);
    await lease.revoke();
    assert.equal(await etcd.getAll().count(), 0);
  },

  async 'lease is kept alive until it is released'(etcd) {
    const lease = etcd.lease(2);
    await lease.put('k').value('x');
    await sleep(4500);
    assert.equal(await etcd.get('k'), 'x');
    const watcher = await etcd.watch().key('k').create();
    const seen = collect(watcher, 1);
    lease.release();
    assert.deepEqual(await seen, ['delete k=']);
    await watcher.cancel();
  },

  async 'lease that was revoked is lost'(etcd) {
    const lease = etcd.lease(60, { autoKeepAlive: false });
    const id = await lease.grant();
    await etcd.leaseClient.leaseRevoke({ ID: id });
    const lost = next(lease, 'lost');
    await assert.rejects(lease.keepaliveOnce(), EtcdLeaseInvalidError);
    assert.ok((await lost) instanceof EtcdLeaseInvalidError);
  },

  async 'lock excludes'(etcd) {
    let inside = 0;
    let entries = 0;
    const enter = async () => {
      for (;;) {
        try {
          return await etcd.lock('l').ttl(10).do(async () => {
            assert.equal(++inside, 1);
            entries++;
            await sleep(5);
            inside--;
          });
        } catch (err) {
          if (!(err instanceof EtcdLockFailedError)) throw err;
          await sleep(5);
        }
      }
    };
    await Promise.all(Array.from({ length: 10 }, enter));
    assert.equal(entries, 10);
  },

  async 'election hands over'(etcd) {
    const election = etcd.election('e', 5);
    assert.equal(await election.leader(), undefined);
    const first = await election.campaign('first').wait();
    assert.equal(await election.leader(), 'first');
    const second = election.campaign('second');
    const elected = next(second, 'elected');
    await second.getCampaignKey();
    assert.equal(await election.leader(), 'first');
    await first.resign();
    await elected;
    assert.equal(await election.leader(), 'second');
    await second.resign();
  },

  async 'election is observed'(etcd) {
    const election = etcd.election('e', 5);
    const observer = await election.observe();
    const values = [];
    const seen = new Promise((resolve) => observer.on('change', (value) => {
      values.push(value);
      if (values.length === 3) resolve();
    }));
    const campaign = await election.campaign('one').wait();
    while (observer.leader() !== 'one') await sleep(5);
    await campaign.proclaim('two');
    while (observer.leader() !== 'two') await sleep(5);
    await campaign.resign();
    await seen;
    assert.deepEqual(values, ['one', 'two', undefined]);
    await observer.cancel();
  },

  async 'software transactions keep the sum'(etcd) {
    for (const account of ['a', 'b', 'c']) await etcd.put(account).value(100);
    // Serializable: in its default isolation this client sees a conflict between
    // any two keys that were not written in one transaction.
    const move = (from, to) => etcd.stm({ retries: 1000, isolation: 1 }).transact(async (tx) => {
      const [has, gets] = [await tx.get(from).number(), await tx.get(to).number()];
      await tx.put(from).value(has - 1);
      await tx.put(to).value(gets + 1);
    });
    const accounts = 'abc';
    await Promise.all(Array.from({ length: 20 }, (_, i) => move(accounts[i % 3], accounts[(i + 1) % 3])));
    const balances = Object.values(await etcd.getAll().numbers());
    assert.equal(balances.reduce((sum, balance) => sum + balance), 300);
  },

  async 'members and status'(etcd, client) {
    const { members } = await client.cluster.memberList({});
    assert.equal(members.length, 1);
    const status = await client.maintenance.status();
    assert.equal(status.leader, members[0].ID);
    assert.equal((await client.maintenance.alarm({ action: 'GET' })).alarms.length, 0);
  },

  async 'watch misses nothing over a restart'(etcd) {
    const watcher = await etcd.watch().prefix('w/').create();
    const seen = collect(watcher, 20);
    const put = async (key) => {
      for (;;) {
        try {
          return await etcd.put(key).value('x');
        } catch {
          await sleep(20);
        }
      }
    };
    const want = [];
    for (let i = 0; i < 20; i++) {
      if (i === 10) await restartServer();
      await put(`w/${i}`);
      want.push(`put w/${i}=x`);
    }
    assert.deepEqual([...new Set(await seen)], want);
    await watcher.cancel();
  },
};

async function run(name, check, client) {
  const alarm = new AbortController();
  const late = sleep(checkLimitMs, undefined, { signal: alarm.signal }).then(() => {
    throw new Error(`not done after ${checkLimitMs} ms`);
  });
  try {
    await Promise.race([check(client.namespace(`/${name}/`), client), late]);
    console.log(`PASS ${name}`);
    return true;
  } catch (err) {
    console.log(`FAIL ${name}: ${String(err.message).replaceAll('\n', ' ')}`);
    return false;
  } finally {
    late.catch(() => {});
    alarm.abort();
  }
}

async function main() {
  let passed = 0;
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    const client = connect();
    if (await run(name, check, client)) passed++;
    else failed++;
    client.close();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}

main();
