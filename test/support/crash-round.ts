// One round of a crash test: publishers and subscribers of all kinds around a broker that ends at some moment, and what they
// know then. It judges nothing.

import { withDeadline } from './deadline.ts';
import { Deferred } from './deferred.ts';
import type { Random } from './random.ts';
import { composeRequest, RawConnection, type RawResponse, type Target } from './raw-http.ts';
import { StreamReader } from './stream-reader.ts';

/** One request of a publisher. */
export interface Publication {
  readonly who: number;
  /** In order; more than one are a batch. */
  readonly events: readonly string[];
  readonly key: string | undefined;
  /** The cursor that it was answered with, if it was answered. */
  cursor?: string;
  /** Whether it was answered only when it was sent again. */
  isRepeated?: boolean;
}

/** What everybody knows when the broker is gone. */
export interface Witness {
  /** In the order in which each publisher began them. */
  readonly publications: readonly Publication[];
  /** What a live subscriber to everything saw since the round began, and the last time it was told. */
  readonly seenLive: readonly string[];
  readonly aliveSeconds: number;
  /** What a live subscriber to the first publisher's topic saw. */
  readonly seenOfFirst: readonly string[];
  /** What a subscriber that began with the oldest event saw. */
  readonly seenReplaying: readonly string[];
  /** The cursors that streams began with. */
  readonly streamCursors: readonly string[];
}

const PUBLISHERS = 6;
const MAX_BATCH = 40;
const BATCH_TYPE = ['Content-Type', 'application/x-ndjson'] as const;

/** Publishes and subscribes until so many requests were answered, ends the broker a moment later, and collects. */
export async function runRound(
  target: Target,
  round: number,
  random: Random,
  endBroker: () => Promise<unknown>,
): Promise<Witness> {
  const live = await StreamReader.open(target, '/');
  const ofFirst = await StreamReader.open(target, topicOf(0));
  const replaying = await StreamReader.open(target, '/', { headers: [['X-Fetch-Since', '0']] });
  const streams = [live, ofFirst, replaying];
  const publications: Publication[] = [];
  const enough = new Deferred<undefined>();
  let missing = 20 + random.below(200);
  const publishing = Array.from({ length: PUBLISHERS }, (_, who) =>
    publishOnAndOn(
      target,
      () => {
        const publication = createPublication(round, who, publications.length, random);
        publications.push(publication);
        return publication;
      },
      () => {
        missing -= 1;
        if (missing === 0) enough.resolve(undefined);
      },
    ),
  );
  await withDeadline(enough.promise, () => `${missing} more requests are answered`, 60_000);
  await new Promise((resolve) => setTimeout(resolve, random.below(30)));
  await endBroker();
  await Promise.all(publishing);
  await Promise.all(streams.map((stream) => stream.waitForEnd()));
  return {
    publications,
    seenLive: live.events,
    aliveSeconds: live.lastKeepAlive()?.seconds ?? 0,
    seenOfFirst: ofFirst.events,
    seenReplaying: replaying.events,
    streamCursors: streams.map((stream) => stream.requireHeader('x-cursor')),
  };
}

/** Sends a publication. @returns the answer */
export async function send(connection: RawConnection, publication: Publication): Promise<RawResponse> {
  const { who, events, key } = publication;
  const headers = [
    ...(events.length > 1 ? [BATCH_TYPE] : []),
    ...(key === undefined ? [] : [['Idempotency-Key', key] as const]),
  ];
  connection.write(composeRequest({ method: 'POST', path: topicOf(who), body: events.join('\n'), headers }));
  return connection.readResponse('POST');
}

/** The topic of a publisher. */
export function topicOf(who: number): string {
  return `/publisher/${who}`;
}

async function publishOnAndOn(target: Target, next: () => Publication, tell: () => void): Promise<void> {
  const connection = await RawConnection.open(target);
  try {
    for (;;) {
      const publication = next();
      const response = await send(connection, publication);
      const cursor = response.statusCode === 200 ? response.header('x-cursor') : undefined;
      if (cursor === undefined) return;
      publication.cursor = cursor;
      tell();
    }
  } catch {
    // The broker is gone.
  } finally {
    connection.close();
  }
}

function createPublication(round: number, who: number, number: number, random: Random): Publication {
  const count = random.oneIn(3) ? 2 + random.below(MAX_BATCH - 1) : 1;
  const text = 'x'.repeat(random.below(300));
  const events = Array.from(
    { length: count },
    (_, i) => `{"round":${round},"who":${who},"number":${number},"i":${i},"text":"${text}"}`,
  );
  return { who, events, key: random.oneIn(2) ? `${round}-${number}` : undefined };
}
