// The whole chain while things break: real pushes, the hook, its deliveries in the background, the built broker. Whatever is
// killed or hangs, every commit is announced exactly once, parents first, and every push.
import { expect, onTestFinished, test } from 'vitest';
import { BackgroundDelivery } from '../support/background-delivery.ts';
import { BrokerProcess } from '../support/broker-process.ts';
import { pauseFor, pollUntil } from '../support/deadline.ts';
import { StreamReader } from '../support/stream-reader.ts';
import { setUpGit, type GitFixture } from '../support/git-fixture.ts';
import type { Recorded } from '../support/git-recorder.ts';

type LogEvent = Recorded['event'];

async function setUp(): Promise<GitFixture & { readonly background: BackgroundDelivery }> {
  const fixture = await setUpGit();
  const background = new BackgroundDelivery(fixture.sandbox);
  onTestFinished(() => background.dispose());
  return { ...fixture, background };
}

async function startBroker({ sandbox }: GitFixture): Promise<BrokerProcess> {
  const broker = await BrokerProcess.start({ flags: ['--keep-alive-seconds', '0.3'] });
  onTestFinished(() => broker.dispose());
  sandbox.bareGit('config', 'gitpubsub.url', urlOf(broker));
  return broker;
}

function urlOf({ target }: BrokerProcess): string {
  if (!('host' in target)) throw new TypeError('The broker listens on no port.');
  return `http://${target.host}:${target.port}`;
}

async function relaunch({ sandbox }: GitFixture, broker: BrokerProcess): Promise<void> {
  await broker.launch();
  sandbox.bareGit('config', 'gitpubsub.url', urlOf(broker));
}

async function readLog({ target }: BrokerProcess, count: number): Promise<LogEvent[]> {
  const reader = await StreamReader.open(target, '/json', { headers: [['X-Fetch-Since', '0']] });
  onTestFinished(() => reader.close());
  await reader.waitForEvents(count);
  // The keep-alive after a replay says that nothing comes after it.
  const keepAliveCount = reader.keepAliveCount;
  await reader.waitFor(() => (reader.keepAliveCount > keepAliveCount ? true : undefined), 'a keep-alive');
  return reader.events.map((text) => JSON.parse(text) as LogEvent);
}

async function deliverAll({ background, deliver }: Awaited<ReturnType<typeof setUp>>): Promise<void> {
  await background.finish(30_000);
  // Why not at once: the lock of one that was killed goes a moment after it.
  const report = await pollUntil(async () => {
    const { isBusy, ...last } = await deliver();
    return isBusy ? undefined : last;
  }, 'the lock is free');
  expect(report).toMatchObject({ failure: undefined, waiting: { pushCount: 0 } });
}

// Every commit of the repository exactly once, parents first; every push in order.
function expectComplete(
  { sandbox }: GitFixture,
  events: readonly LogEvent[],
  afters: readonly string[],
): void {
  const hashes = events.flatMap((event) => ('commit' in event ? [event.commit.hash] : []));
  expect(hashes).toEqual(sandbox.git('rev-list', '--topo-order', '--reverse', 'main').split('\n'));
  expect(events.flatMap((event) => ('push' in event ? [event.push.after] : []))).toEqual(afters);
}

test('a broker that is killed, hangs and comes back in a stream of pushes loses nothing and doubles nothing', async () => {
  const fixture = await setUp();
  const { sandbox, push } = fixture;
  const broker = await startBroker(fixture);
  const steps: Readonly<Record<number, () => unknown>> = {
    2: () => broker.kill(),
    4: () => relaunch(fixture, broker),
    5: () => broker.sendSignal('SIGSTOP'),
    7: () => broker.sendSignal('SIGCONT'),
    8: () => broker.sendSignal('SIGSTOP'),
    9: () => broker.kill(),
    11: () => relaunch(fixture, broker),
  };
  const afters: string[] = [];
  for (let i = 0; i < 12; i++) {
    sandbox.commit(`${i} a`);
    afters.push(sandbox.commit(`${i} b`));
    await push('main');
    await steps[i]?.();
  }
  await deliverAll(fixture);
  expectComplete(fixture, await readLog(broker, 36), afters);
});

test('a delivery that is killed at any moment loses nothing and doubles nothing', async () => {
  const fixture = await setUp();
  const { sandbox, recorder, background, push } = fixture;
  const afters: string[] = [];
  for (let i = 0; i < 15; i++) {
    sandbox.commit(`${i} a`);
    afters.push(sandbox.commit(`${i} b`));
    await push('main');
    await pauseFor(Math.random() * 200);
    background.kill();
  }
  await deliverAll(fixture);
  expectComplete(
    fixture,
    recorder.events.map(({ event }) => event),
    afters,
  );
});

test('pushes of overlapping branches at the same time, in a repository that nothing is known of, announce each commit once', async () => {
  const fixture = await setUp();
  const { sandbox, recorder, push } = fixture;
  const hashes = Array.from({ length: 6 }, (_, i) => sandbox.commit(`${i}`));
  await Promise.all([...hashes, ...hashes.slice(3)].map((hash, i) => push(`${hash}:refs/heads/b${i}`)));
  await deliverAll(fixture);
  expect(recorder.commits.map(({ hash }) => hash).toSorted()).toEqual(hashes.toSorted());
  expect(recorder.pushes).toHaveLength(9);
  const seen = new Set<string>();
  for (const { hash, parents } of recorder.commits) {
    expect(parents.every((parent) => seen.has(parent))).toBe(true);
    seen.add(hash);
  }
});

test('with a broker that accepts and never answers, pushes go on and everything comes once it answers', async () => {
  const fixture = await setUp();
  const { sandbox, recorder, background, push } = fixture;
  recorder.answer = () => 'hang';
  const afters: string[] = [];
  for (let i = 0; i < 3; i++) {
    afters.push(sandbox.commit(`${i}`));
    await push('main');
  }
  background.kill();
  recorder.answer = () => ({ status: 200 });
  await deliverAll(fixture);
  expectComplete(
    fixture,
    recorder.events.map(({ event }) => event),
    afters,
  );
});
