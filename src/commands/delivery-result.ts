// What a delivery amounts to as an exit status.
import type { DeliveryReport } from '../hook/delivery.ts';
import { Git, type Environment } from '../hook/git.ts';
import { readSettings } from '../hook/settings.ts';
import { EXIT_WAITING, exitStatusFor } from './exit-status.ts';

/** 0 if nothing waits, or what waits is another delivery's business. */
export async function exitStatusOf(
  { failure }: DeliveryReport,
  gitDirectory: string,
  environment: Environment,
): Promise<number> {
  if (failure === undefined) return 0;
  const git = new Git(gitDirectory, environment);
  return readSettings(git, gitDirectory, environment).then(() => EXIT_WAITING, exitStatusFor);
}
