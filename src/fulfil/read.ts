// Reads a file of orders, ours (NDJSON) or Identity Manager's (ProvisioningOrdersList), within bounds, as lines of orders or of reasons.
// MUST NOT repeat what a file holds: a reason names line and path. Ours is read as a stream; the other one is one JSON text.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf } from '../clients/thrown.ts';
import { TidemarkError } from '../errors.ts';
import { ordersList, translate } from './identityManager.ts';
import { type Order, orderId, readOrder } from './order.ts';
import type { Action } from './types.ts';

export interface OrderLine {
  /** From 1. In a file of Identity Manager the position of the order. */
  readonly line: number;
  /** Which of the orders that it stands for, from 0. */
  readonly part: number;
  /** What results name it by. */
  readonly assignment: string;
  readonly changeType: string;
  readonly order: Order | null;
  /** Why it is no order; null when it is one. */
  readonly reason: string | null;
}

const mebibyte = 1 << 20;
export const bounds = { fileBytes: 256 * mebibyte, jsonBytes: 64 * mebibyte, lineBytes: mebibyte, orders: 100_000 } as const;
const headBytes = 64 * 1024;

/** SHA-256 of the file's content, and how many orders it has. Reads it to its end. @throws CONFIG_INVALID naming file and line */
export async function surveyOrders(file: string): Promise<{ readonly digest: string; readonly lines: number }> {
  const hash = createHash('sha256');
  let lines = 0;
  for await (const _ of readOrders(file, (chunk) => hash.update(chunk))) lines += 1;
  if (lines === 0) throw refused(file, 'holds no order');
  return { digest: hash.digest('hex'), lines };
}

/** The orders of a file. @throws CONFIG_INVALID naming file and line, when what stands there is not even JSON, or too much. */
export async function* readOrders(file: string, seen: (chunk: Buffer) => void = () => undefined): AsyncGenerator<OrderLine> {
  const handle = await openRegular(file);
  try {
    const raws = (await isList(handle)) ? readList(file, handle, seen) : readLines(file, handle, seen);
    let count = 0;
    for await (const line of raws) {
      count += 1;
      if (count > bounds.orders) throw refused(file, `has more than ${bounds.orders.toLocaleString('en-US')} orders`);
      yield line;
    }
  } finally {
    await handle.close();
  }
}

async function openRegular(file: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    // Without blocking: a pipe would be waited for.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw refused(file, `cannot be read (${codeOf(error) ?? 'unknown reason'})`);
  }
  const stats = await handle.stat();
  if (stats.isFile() && stats.size <= bounds.fileBytes) return handle;
  await handle.close();
  throw refused(file, stats.isFile() ? `is larger than ${bounds.fileBytes / mebibyte} MiB` : 'is not a regular file');
}

/** By its beginning: a line of ours is an object by itself. */
async function isList(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
  const head = buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
  if (!head.includes('"ProvisioningOrdersList"')) return false;
  const [first = ''] = head.trimStart().split('\n');
  const ours = z.object({ action: z.unknown() }).safeParse(attemptJson(first));
  return !ours.success || !('action' in ours.data);
}

async function* readList(file: string, handle: FileHandle, seen: (chunk: Buffer) => void): AsyncGenerator<OrderLine> {
  if ((await handle.stat()).size > bounds.jsonBytes) throw refused(file, `is larger than ${bounds.jsonBytes / mebibyte} MiB`);
  const content = await readAll(handle);
  seen(content);
  const parsed = ordersList.safeParse(attemptJson(decode(file, 1, content)));
  if (!parsed.success) throw refused(file, 'is neither NDJSON nor a JSON object with the list ProvisioningOrdersList');
  for (const [index, raw] of parsed.data.ProvisioningOrdersList.entries()) yield* linesOf(raw, index + 1);
}

async function readAll(handle: FileHandle): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function* linesOf(raw: unknown, line: number): Generator<OrderLine> {
  const { assignment, changeType, orders, reason } = translate(raw);
  const name = assignment ?? `line ${line}`;
  if (reason !== null) yield { line, part: 0, assignment: name, changeType, order: null, reason };
  for (const [part, one] of orders.entries()) yield { line, part, assignment: name, changeType, ...judged(one) };
}

async function* readLines(file: string, handle: FileHandle, seen: (chunk: Buffer) => void): AsyncGenerator<OrderLine> {
  let line = 0;
  let rest = Buffer.alloc(0);
  const lineOf = (bytes: Buffer): OrderLine | null => {
    line += 1;
    const text = decode(file, line, bytes);
    return text.trim() === '' ? null : ownLine(file, text, line);
  };
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    seen(chunk);
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      const read = lineOf(Buffer.concat([rest, chunk.subarray(from, at)]));
      rest = Buffer.alloc(0);
      from = at + 1;
      if (read !== null) yield read;
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > bounds.lineBytes) throw refused(file, `line ${line + 1} is longer than ${bounds.lineBytes / mebibyte} MiB`);
  }
  const last = rest.length === 0 ? null : lineOf(rest);
  if (last !== null) yield last;
}

function ownLine(file: string, text: string, line: number): OrderLine {
  const raw = attemptJson(text);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw refused(file, `line ${line} is not a JSON object`);
  // An order without an id could not be answered.
  const id = orderId.safeParse(Reflect.get(raw, 'id'));
  if (!id.success) throw refused(file, `line ${line}: id ${id.error.issues[0]?.message ?? 'is not valid'}`);
  const action: unknown = Reflect.get(raw, 'action');
  return { line, part: 0, assignment: id.data, changeType: changeTypeOf(action), ...judged(raw) };
}

function judged(raw: unknown): Pick<OrderLine, 'order' | 'reason'> {
  const read = readOrder(raw);
  return 'order' in read ? { order: read.order, reason: null } : { order: null, reason: read.reason };
}

/** In Identity Manager's words. */
function changeTypeOf(action: unknown): string {
  const added: Action = 'create';
  const deleted: Action = 'delete';
  if (action === added) return 'Added';
  return action === deleted ? 'Deleted' : 'Modified';
}

function decode(file: string, line: number, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/^\uFEFF/, '');
  } catch {
    throw refused(file, `line ${line} is not UTF-8`);
  }
}

function attemptJson(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed;
  } catch {
    return undefined;
  }
}

function refused(file: string, what: string): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `${file} ${what}.`, { hint: 'Correct the file of orders; nothing of it was written.' });
}
