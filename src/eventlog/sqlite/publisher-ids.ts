// The names of publishers, each stored once: an event holds a number. Looking after them costs an event next to nothing.
import type { Database, Statement } from 'better-sqlite3';

/** A row that is written says that it is kept for so many events to come, so that it is written only once for them. */
const KEPT_AHEAD_EVENTS = 1_000;

/** Publishers whose row is remembered; all are forgotten when there are more. */
const MAX_CACHED_PUBLISHERS = 20_000;

interface PublisherRow {
  readonly id: number;
  readonly kept_through: number;
}

/** Finds, adds and removes the rows of publishers; every method is part of a transaction of its caller. */
export class PublisherIds {
  readonly #rows = new Map<string, PublisherRow>();
  readonly #keep: Statement<[string, number], PublisherRow>;
  readonly #removeThrough: Statement<[number]>;

  constructor(database: Database) {
    this.#keep = database.prepare(
      `INSERT INTO publisher (name, kept_through) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET kept_through = excluded.kept_through RETURNING id, kept_through`,
    );
    this.#removeThrough = database.prepare('DELETE FROM publisher WHERE kept_through <= ?');
  }

  /** The id for an event at this offset, whose name it keeps until that event is pruned. */
  idAt(offset: number, name: string): number {
    const known = this.#rows.get(name);
    if (known && offset <= known.kept_through) return known.id;
    const row = this.#keep.get(name, offset + KEPT_AHEAD_EVENTS);
    if (!row) throw new TypeError('a publisher was stored without a row');
    if (this.#rows.size >= MAX_CACHED_PUBLISHERS) this.#rows.clear();
    this.#rows.set(name, row);
    return row.id;
  }

  /** Removes what no event needs any more when all up to an offset are gone and `heldCount` are left. */
  removeThrough(offset: number, heldCount: number): void {
    const through = heldCount > 0 ? offset : Number.MAX_SAFE_INTEGER;
    if (this.#removeThrough.run(through).changes > 0) this.forget();
  }

  /** Remembers nothing; to be called when rows may have gone. */
  forget(): void {
    this.#rows.clear();
  }
}
