// Starts a crowd of subscribers that misbehave, outside of the generator, which has to keep its time for those who are measured.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const crowdPath = fileURLToPath(new URL('./crowd.js', import.meta.url));

/** How long those who never read have until they are full, in milliseconds. */
const FILL_MS = 5_000;

/** So many of each kind ask for everything from the oldest event on; resolves when they are stuck, slow, or come and go. */
export async function startCrowd(port: number, path: string, countOfEach: number): Promise<() => void> {
  const sizes = { stuck: countOfEach, slow: countOfEach, resetting: countOfEach };
  const child = fork(crowdPath, [JSON.stringify([port, path, sizes])]);
  await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (status) => reject(new Error(`the crowd ended with status ${status}`)));
  });
  await new Promise((resolve) => setTimeout(resolve, FILL_MS));
  return () => child.disconnect();
}
