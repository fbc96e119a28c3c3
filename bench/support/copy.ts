// COPY … FROM STDIN as the `pg` client speaks it: rows go to the server as they come, and the end says when all of them are stored.
import { EventEmitter, once } from 'node:events';
import type pg from 'pg';

// Offered by the client, not told by its types.
declare module 'pg' {
  interface Connection {
    sendCopyFromChunk(chunk: Buffer): void;
    endCopyFrom(): void;
  }
}

/** A COPY into a table of one text column, a row for each text. MUST be ended. */
export interface TextCopy {
  write(text: string): void;
  /** Resolves when all is stored. */
  end(): Promise<void>;
}

/** Begins a COPY on a connected client, which does nothing else until it is ended. */
export async function copyInto(client: pg.Client, table: string): Promise<TextCopy> {
  const copy = client.query(new Copying(table));
  await once(copy.events, 'begun');
  return {
    write: (text) =>
      copy.connection?.sendCopyFromChunk(Buffer.from(`${text.replaceAll(/[\\\n\r\t]/g, (found) => escapes[found] ?? found)}\n`)),
    async end() {
      const stored = once(copy.events, 'stored');
      copy.connection?.endCopyFrom();
      await stored;
    },
  };
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** What the client calls on the way. */
class Copying implements pg.Submittable {
  readonly events = new EventEmitter();
  connection: pg.Connection | null = null;
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  submit(connection: pg.Connection): void {
    this.connection = connection;
    connection.query(`copy ${this.#table} from stdin`);
  }

  handleCopyInResponse(): void {
    this.events.emit('begun');
  }

  handleCommandComplete(): void {
    // How much it was; handleReadyForQuery follows.
  }

  handleReadyForQuery(): void {
    this.events.emit('stored');
  }

  handleError(error: Error): void {
    this.events.emit('error', error);
  }
}
