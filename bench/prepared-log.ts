// Logs that are there before a trial begins, built through the event log itself; each recipe once in a run.
import { join } from 'node:path';
import { SteadyClock, SYSTEM_CLOCK } from '../src/core/clock.ts';
import { parseTopic, type Topic } from '../src/core/topic.ts';
import type { NewEvent } from '../src/core/event.ts';
import { openSqliteEventLog } from '../src/eventlog/sqlite/sqlite-event-log.ts';
import { PAYLOAD_BYTES, TOPIC } from './load/job.ts';
import { createPayload, stampPlace } from './load/payload.ts';

/** What a log holds. */
export interface LogRecipe {
  readonly events: number;
  /** Every so many-th event is on `CHOSEN_PROJECT`; 0 if none is, and then all are on the bench's one topic. */
  readonly chosenEvery: number;
  /** The other events are spread over so many projects. */
  readonly projects: number;
  /** How old the events are. */
  readonly ageHours?: number;
}

/** The project that a trial asks for; it has two branches, as one without a second is easier to find. */
export const CHOSEN_PROJECT: string = `${TOPIC}/chosen`;

/** Events in one transaction. */
const APPEND_EVENTS = 2_000;

const HOUR_MS = 3_600_000;

/** Builds each log once and keeps it in the directory. */
export class PreparedLogs {
  readonly #directory: string;
  readonly #paths = new Map<string, Promise<string>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The database file of a log. */
  path(recipe: LogRecipe): Promise<string> {
    const key = JSON.stringify(recipe);
    const path = this.#paths.get(key) ?? build(join(this.#directory, `log-${this.#paths.size}.db`), recipe);
    this.#paths.set(key, path);
    return path;
  }
}

async function build(path: string, recipe: LogRecipe): Promise<string> {
  const ageMs = (recipe.ageHours ?? 0) * HOUR_MS;
  const clock = { ...SYSTEM_CLOCK, nowMs: () => SYSTEM_CLOCK.nowMs() - ageMs };
  const eventLog = openSqliteEventLog({
    path,
    durability: 'normal',
    clock,
    steadyClock: new SteadyClock(clock),
  });
  for (let start = 0; start < recipe.events; start += APPEND_EVENTS) {
    const length = Math.min(APPEND_EVENTS, recipe.events - start);
    await eventLog.append({
      events: Array.from({ length }, (_, i) => eventAt(recipe, start + i)),
      publisher: 'bench',
    });
  }
  await eventLog.close();
  return path;
}

const payload = createPayload(PAYLOAD_BYTES);

// What is asked for is lane 0, with an index of its own; the rest is lane 1.
function eventAt({ chosenEvery, projects }: LogRecipe, position: number): NewEvent {
  const isChosen = chosenEvery > 0 && position % chosenEvery === 0;
  const isWanted = isChosen || chosenEvery === 0;
  const index = isChosen ? position / chosenEvery : position;
  stampPlace(payload, 0, { lane: isWanted ? 0 : 1, index });
  return { topic: isChosen ? chosenTopic(index) : otherTopic(projects, position), payload: payloadText() };
}

function chosenTopic(index: number): Topic {
  return parseTopic(`${CHOSEN_PROJECT}/${index % 2 === 0 ? 'main' : 'next'}`);
}

function otherTopic(projects: number, position: number): Topic {
  return parseTopic(projects === 0 ? TOPIC : `${TOPIC}/project-${position % projects}/main`);
}

function payloadText(): string {
  return payload.toString('latin1', 0, PAYLOAD_BYTES - 1);
}
