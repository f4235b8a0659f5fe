// `gitpubsub doctor`: goes the way to a broker that clients go, and says in plain words what is wrong with it.
import { describeError } from '../client/answer.ts';
import { toBrokerUrl } from '../client/broker-url.ts';
import { Endpoint } from '../client/endpoint.ts';
import { GitPubSubError } from '../core/errors.ts';
import { checkAddress } from './doctor/address-check.ts';
import { checkChunks } from './doctor/chunk-check.ts';
import type { Ailment, Finding, Verdict } from './doctor/finding.ts';
import { describeRemedies, recogniseProxy } from './doctor/remedies.ts';
import { checkStream } from './doctor/stream-check.ts';
import { EXIT_FAILURE } from './exit-status.ts';
import { parseDurationMs } from './flag-values.ts';
import { printLine } from './standard-output.ts';

/** As they were typed. */
export interface DoctorFlags {
  readonly duration?: string;
}

const DEFAULT_DURATION = '30s';
const LEAST_DURATION = '1s';
const HEAD_TIMEOUT_MS = 20_000;

// Where nothing can be published, because nothing is below it.
const DEFAULT_TOPIC = '/gitpubsub-doctor';

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok    ', bad: 'BAD   ', note: 'note  ' };

/** Examines the way and prints what it finds. Returns the exit status: 1 if something needs mending. */
export async function runDoctor(url: string, { duration = DEFAULT_DURATION }: DoctorFlags): Promise<number> {
  const broker = toBrokerUrl(url);
  const durationMs = parseDurationMs('--duration', duration, LEAST_DURATION);
  const endpoint = new Endpoint(broker);
  try {
    const proxy = await recognise(endpoint, broker);
    await printLine(describeWay(proxy));
    const findings = await examine(endpoint, broker, { durationMs, isProxied: proxy !== 'none' });
    return await conclude(findings, proxy);
  } catch (error) {
    if (error instanceof GitPubSubError) throw error;
    throw new GitPubSubError('broker-unreachable', `${broker.origin}: ${describeError(error)}`);
  } finally {
    endpoint.close();
  }
}

async function recognise(endpoint: Endpoint, { pathname }: URL): Promise<ReturnType<typeof recogniseProxy>> {
  const head = { method: 'HEAD', path: pathname, headTimeoutMs: HEAD_TIMEOUT_MS } as const;
  const { headers } = (await endpoint.send(head)).resume();
  return recogniseProxy(headers);
}

async function examine(
  endpoint: Endpoint,
  { pathname }: URL,
  { durationMs, isProxied }: { readonly durationMs: number; readonly isProxied: boolean },
): Promise<Finding[]> {
  const answer = await endpoint.send({
    method: 'GET',
    path: `${pathname}?poll=1`,
    headTimeoutMs: HEAD_TIMEOUT_MS,
  });
  answer.resume();
  if (answer.statusCode === 505) return [oldHttp()];
  if (answer.headers['x-cursor'] === undefined) return [noBroker(answer.statusCode)];
  const topic = pathname === '/' ? DEFAULT_TOPIC : pathname;
  return [
    ...(await checkAddress(endpoint, topic, isProxied)),
    ...(await checkChunks(endpoint, pathname)),
    ...(await checkStream(endpoint, pathname, durationMs)),
  ];
}

async function conclude(
  findings: readonly Finding[],
  proxy: ReturnType<typeof recogniseProxy>,
): Promise<number> {
  for (const { verdict, text } of findings) await printLine(`${MARKS[verdict]}${text}`);
  const ailments = new Set<Ailment>(findings.flatMap(({ ailment }) => ailment ?? []));
  if (ailments.size > 0) {
    await printLine('\nLines that mend it:');
    for (const line of describeRemedies(ailments, proxy)) await printLine(line);
  }
  return findings.some(({ verdict }) => verdict === 'bad') ? EXIT_FAILURE : 0;
}

function describeWay(proxy: ReturnType<typeof recogniseProxy>): string {
  if (proxy === 'none') return 'No proxy shows itself between here and the broker.';
  return proxy === 'unknown' ? 'Something stands before the broker.' : `${proxy} stands before the broker.`;
}

function oldHttp(): Finding {
  const text =
    'The proxy speaks HTTP/1.0 to the broker, which takes HTTP/1.1 only: every request ends with 505.';
  return { verdict: 'bad', text, ailment: 'http-version' };
}

function noBroker(status: number | undefined): Finding {
  return {
    verdict: 'bad',
    text: `The answer (${status}) is not that of a GitPubSub broker: is the URL right?`,
  };
}
