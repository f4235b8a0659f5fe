// A broker for all tests of a file, with a topic for each.
import { afterAll, beforeAll } from 'vitest';
import { BrokerProcess } from './broker-process.ts';
import { urlOf } from './broker-url.ts';

/** Starts it before the file's tests and ends it after them. Gives what makes the URL of a topic that no test has used. */
export function startBrokerOfFile(flags: readonly string[] = []): () => string {
  let broker: BrokerProcess | undefined;
  let topicCount = 0;
  beforeAll(async () => {
    broker = await BrokerProcess.start({ flags });
  });
  afterAll(() => broker?.dispose());
  return () => {
    if (broker === undefined) throw new TypeError('the broker runs only during tests');
    topicCount += 1;
    return urlOf(broker, `/t${topicCount}`);
  };
}
