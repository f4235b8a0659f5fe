// Publishes events and reads their acknowledgements; a publisher that is refused is an error here.
// Tests of the refusals themselves use raw-http.ts.

import { composeRequest, RawConnection, request, type RawResponse, type Target } from './raw-http.ts';

const CONNECTION_COUNT = 32;

/** What the broker says about a stored event. */
export interface Acknowledgement {
  readonly cursor: string;
  /** Epoch seconds, as the JSON body of the answer has them. */
  readonly timestamp: number;
  readonly response: RawResponse;
}

/** Publishes one event on a connection of its own. @throws unless the answer is 200. */
export async function publish(target: Target, path: string, body: string | Buffer): Promise<Acknowledgement> {
  return readAcknowledgement(await request(target, { method: 'POST', path, body }));
}

/** Publishes one event after another on a connection that it keeps. */
export class Publisher {
  readonly #connection: RawConnection;

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  static async open(target: Target): Promise<Publisher> {
    return new Publisher(await RawConnection.open(target));
  }

  async publish(path: string, body: string | Buffer): Promise<Acknowledgement> {
    this.#connection.write(composeRequest({ method: 'POST', path, body }));
    return readAcknowledgement(await this.#connection.readResponse('POST'));
  }

  close(): void {
    this.#connection.close();
  }
}

/** Publishes all of them in order on one connection, and gives their acknowledgements in that order. */
export async function publishAll(
  target: Target,
  path: string,
  bodies: readonly (string | Buffer)[],
): Promise<readonly Acknowledgement[]> {
  const publisher = await Publisher.open(target);
  try {
    const acknowledgements: Acknowledgement[] = [];
    for (const body of bodies) acknowledgements.push(await publisher.publish(path, body));
    return acknowledgements;
  } finally {
    publisher.close();
  }
}

/** Publishes all of them, on many connections at the same time; their acknowledgements are in the order of the bodies. */
export async function publishSideBySide(
  target: Target,
  path: string,
  bodies: readonly string[],
): Promise<readonly Acknowledgement[]> {
  const acknowledgements: Acknowledgement[] = [];
  const waiting = bodies.entries();
  const lanes = Array.from({ length: CONNECTION_COUNT }, async () => {
    const publisher = await Publisher.open(target);
    try {
      for (const [index, body] of waiting) acknowledgements[index] = await publisher.publish(path, body);
    } finally {
      publisher.close();
    }
  });
  await Promise.all(lanes);
  return acknowledgements;
}

/** Publishes until the log's clock has moved past the given time, so that the next event is later than it. */
export async function publishAfter(
  target: Target,
  path: string,
  body: (attempt: number) => string,
  timestamp: number,
): Promise<Acknowledgement> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const acknowledgement = await publish(target, path, body(attempt));
    if (acknowledgement.timestamp > timestamp) return acknowledgement;
  }
  throw new Error(`after 1,000 events the clock still stands at ${String(timestamp)}`);
}

function readAcknowledgement(response: RawResponse): Acknowledgement {
  if (response.statusCode !== 200) throw new Error(`not published: ${response.describe()}`);
  const value = response.json();
  if (
    typeof value !== 'object' ||
    value === null ||
    !('cursor' in value) ||
    !('timestamp' in value) ||
    typeof value.cursor !== 'string' ||
    typeof value.timestamp !== 'number'
  ) {
    throw new Error(`not an acknowledgement: ${response.describe()}`);
  }
  return { cursor: value.cursor, timestamp: value.timestamp, response };
}
