// `gitpubsub doctor`: goes the way to a broker that clients go, and says in plain words what is wrong with it.
import type { IncomingMessage } from 'node:http';
import { describeError, isProblemDetails } from '../client/answer.ts';
import { toBrokerUrl } from '../client/broker-url.ts';
import { Endpoint, type EndpointOptions } from '../client/endpoint.ts';
import { readRefusal } from '../client/refused-error.ts';
import { GitPubSubError } from '../core/errors.ts';
import { withToken, type TokenFlags } from './client-token.ts';
import { checkAddress, checkToken } from './doctor/address-check.ts';
import { checkChunks } from './doctor/chunk-check.ts';
import type { Ailment, Finding, Verdict } from './doctor/finding.ts';
import { describeRemedies, recogniseProxy } from './doctor/remedies.ts';
import { checkStream } from './doctor/stream-check.ts';
import { EXIT_FAILURE } from './exit-status.ts';
import { parseDurationMs } from './flag-values.ts';
import { printLine } from './standard-output.ts';

/** As they were typed. */
export interface DoctorFlags extends TokenFlags {
  readonly duration?: string;
}

const DEFAULT_DURATION = '30s';
const LEAST_DURATION = '1s';
const HEAD_TIMEOUT_MS = 20_000;

// What a proxy says when there is nothing behind it.
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

// Where nothing can be published, because nothing is below it.
const DEFAULT_TOPIC = '/gitpubsub-doctor';

/** The broker as it is reached with the token, if there is one, and without. */
interface Ways {
  readonly endpoint: Endpoint;
  readonly stranger: Endpoint;
  readonly hasToken: boolean;
}

const MARKS: Readonly<Record<Verdict, string>> = { ok: 'ok    ', bad: 'BAD   ', note: 'note  ' };

/** Examines the way and prints what it finds. Returns the exit status: 1 if something needs mending. */
export function runDoctor(url: string, flags: DoctorFlags): Promise<number> {
  const broker = toBrokerUrl(url);
  const durationMs = parseDurationMs('--duration', flags.duration ?? DEFAULT_DURATION, LEAST_DURATION);
  return withToken(broker, flags, ({ options }) => diagnose(broker, durationMs, options));
}

async function diagnose(broker: URL, durationMs: number, options: EndpointOptions): Promise<number> {
  const endpoint = new Endpoint(broker, options);
  const stranger = new Endpoint(broker);
  try {
    const proxy = await recognise(endpoint, broker);
    await printLine(describeWay(proxy));
    const ways = { endpoint, stranger, hasToken: options.token !== undefined };
    const findings = await examine(ways, broker, { durationMs, isProxied: proxy !== 'none' });
    return await conclude(findings, proxy);
  } catch (error) {
    if (error instanceof GitPubSubError) throw error;
    throw new GitPubSubError('broker-unreachable', `${broker.origin}: ${describeError(error)}`);
  } finally {
    endpoint.close();
    stranger.close();
  }
}

async function recognise(endpoint: Endpoint, { pathname }: URL): Promise<ReturnType<typeof recogniseProxy>> {
  const head = { method: 'HEAD', path: pathname, headTimeoutMs: HEAD_TIMEOUT_MS } as const;
  const { headers } = (await endpoint.send(head)).resume();
  return recogniseProxy(headers);
}

async function examine(
  { endpoint, stranger, hasToken }: Ways,
  { pathname }: URL,
  { durationMs, isProxied }: { readonly durationMs: number; readonly isProxied: boolean },
): Promise<Finding[]> {
  const answer = await endpoint.send({
    method: 'GET',
    path: `${pathname}?poll=1`,
    headTimeoutMs: HEAD_TIMEOUT_MS,
  });
  if (answer.statusCode === 401 && isProblemDetails(answer)) throw await readRefusal(answer);
  answer.resume();
  if (answer.statusCode === 505) return [oldHttp()];
  if (answer.headers['x-cursor'] === undefined) return [noBroker(answer)];
  const topic = pathname === '/' ? DEFAULT_TOPIC : pathname;
  return [
    ...(await checkAddress(stranger, topic, isProxied)),
    ...(hasToken ? await checkToken(endpoint, topic) : []),
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
    const remedies = describeRemedies(ailments, proxy);
    for (const line of ['', 'Lines that mend it:', ...remedies]) await printLine(line);
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

function noBroker({ statusCode: status = 0, headers }: IncomingMessage): Finding {
  const advice = GATEWAY_STATUSES.has(status)
    ? 'what stands before the broker does not reach it; does the broker run?'
    : headers.location === undefined
      ? 'is the URL right?'
      : `it points to ${headers.location}; ask there.`;
  return { verdict: 'bad', text: `The answer (${status}) is not that of a GitPubSub broker: ${advice}` };
}
