// What a broker says of its health, and waiting for it to change.
import { pollUntil } from './deadline.ts';
import { expectProblem } from './problem-details.ts';
import { request, type Target } from './raw-http.ts';

/** The status of a path. */
export async function statusOf(target: Target, path: string): Promise<number> {
  return (await request(target, { path })).statusCode;
}

/** Resolves once the broker takes events. */
export async function waitUntilReady(target: Target): Promise<void> {
  await pollUntil(
    async () => ((await statusOf(target, '/-/readyz')) === 200 ? true : undefined),
    'the broker is ready',
  );
}

/** Resolves with the reason once the broker says that it takes no events. */
export async function waitUntilUnready(target: Target): Promise<string> {
  const response = await pollUntil(async () => {
    const answer = await request(target, { path: '/-/readyz' });
    return answer.statusCode === 503 ? answer : undefined;
  }, 'the broker is not ready');
  return expectProblem(response, 503).detail;
}
