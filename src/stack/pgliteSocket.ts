// PGlite behind a socket: many clients, one backend. PostgreSQL's wire protocol is passed through; what is added is whose turn it is.
// A turn is everything up to Sync or a simple query, so that no client's statements come between another's Parse and Execute, and a
// client keeps the backend while its transaction is open. MUST drop a client that keeps it idle. COPY FROM STDIN is not supported.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
import type { PGlite } from '@electric-sql/pglite';
import { createServer, type Server, type Socket } from 'node:net';

export interface PgliteSocketOptions {
  /** A client that holds the backend (an open transaction, or messages without Sync) and sends nothing for this long is dropped. */
  readonly idleHolderMs: number;
  /** Called when the backend itself failed: it answers nobody any more, and the process must be started anew. */
  readonly onBroken: (error: unknown) => void;
}

const sslRequest = 80877103;
const gssRequest = 80877104;
const cancelRequest = 80877102;

/** Message types of the front end, by their first byte. */
const type = { query: 0x51, sync: 0x53, functionCall: 0x46, flush: 0x48, terminate: 0x58 } as const;

const simpleQuery = (sql: string): Buffer => {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head[0] = type.query;
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
};
const syncMessage = Buffer.from([type.sync, 0, 0, 0, 4]);

interface Client {
  readonly socket: Socket;
  received: Buffer;
  /** Complete messages of the turn that is being received. */
  partial: Buffer[];
  /** Complete turns that wait for the backend. `open`: it ends in Flush, the client goes on before its Sync. */
  readonly turns: { readonly bytes: Buffer; readonly open: boolean }[];
  startedUp: boolean;
  closed: boolean;
  lastHeardAt: number;
}

/** Serves the database; the caller listens on the server and closes it. Clients see an ordinary PostgreSQL without authentication. */
export function createPgliteServer(database: PGlite, options: PgliteSocketOptions): Server {
  /** In order of arrival; a client stands here once for each turn. */
  const queue: Client[] = [];
  let holder: Client | null = null;
  let busy = false;

  const run = (bytes: Uint8Array, onData: (data: Uint8Array) => void): Promise<void> =>
    database.runExclusive(() => database.execProtocolRawStream(bytes, { onRawData: onData }));

  const next = (): Client | null => {
    if (holder === null) return queue.shift() ?? null;
    const index = queue.indexOf(holder);
    if (index === -1) return null;
    queue.splice(index, 1);
    return holder;
  };

  const pump = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      for (;;) {
        if (holder?.closed === true) {
          // What the client left open ends with it. Sync first: after an error nothing else is listened to.
          await run(Buffer.concat([syncMessage, simpleQuery('rollback')]), () => undefined);
          holder = null;
        }
        const client = next();
        const turn = client?.turns.shift();
        if (client === null || turn === undefined) break;
        await run(turn.bytes, (data) => {
          if (!client.closed) client.socket.write(Buffer.from(data));
        });
        client.lastHeardAt = Date.now();
        holder = turn.open || database.isInTransaction() ? client : null;
      }
    } catch (error) {
      options.onBroken(error);
      return;
    }
    busy = false;
  };

  const leave = (client: Client): void => {
    if (client.closed) return;
    client.closed = true;
    client.socket.destroy();
    for (let index = queue.length - 1; index >= 0; index -= 1) if (queue[index] === client) queue.splice(index, 1);
    if (holder === client) void pump();
  };

  const server = createServer((socket) => {
    const client: Client = {
      socket,
      received: Buffer.alloc(0),
      partial: [],
      turns: [],
      startedUp: false,
      closed: false,
      lastHeardAt: Date.now(),
    };
    socket.setNoDelay(true);
    socket.on('error', () => leave(client));
    socket.on('close', () => leave(client));
    socket.on('data', (data) => {
      client.lastHeardAt = Date.now();
      client.received = client.received.length === 0 ? data : Buffer.concat([client.received, data]);
      const turns = client.turns.length;
      if (!takeMessages(client)) leave(client);
      for (let count = turns; count < client.turns.length; count += 1) queue.push(client);
      void pump();
    });
  });

  const watch = setInterval(
    () => {
      if (holder !== null && !busy && Date.now() - holder.lastHeardAt > options.idleHolderMs) leave(holder);
    },
    Math.min(options.idleHolderMs, 1000),
  );
  watch.unref();
  server.on('close', () => clearInterval(watch));
  return server;
}

/** Cuts what was received into messages and turns. false: the client says goodbye or speaks something else. */
function takeMessages(client: Client): boolean {
  for (;;) {
    const { received } = client;
    if (!client.startedUp) {
      if (received.length < 8) return true;
      const length = received.readInt32BE(0);
      const code = received.readInt32BE(4);
      if (length < 8 || length > 10_000 || code === cancelRequest) return false;
      if (received.length < length) return true;
      client.received = received.subarray(length);
      if (code === sslRequest || code === gssRequest) {
        client.socket.write('N');
        continue;
      }
      client.startedUp = true;
      client.turns.push({ bytes: received.subarray(0, length), open: false });
      continue;
    }
    if (received.length < 5) return true;
    const length = 1 + received.readInt32BE(1);
    if (length < 5) return false;
    if (received.length < length) return true;
    const message = received.subarray(0, length);
    client.received = received.subarray(length);
    if (message[0] === type.terminate) return false;
    client.partial.push(message);
    const ends = message[0] === type.query || message[0] === type.sync || message[0] === type.functionCall;
    if (ends || message[0] === type.flush) {
      client.turns.push({ bytes: Buffer.concat(client.partial), open: !ends });
      client.partial = [];
    }
  }
}
