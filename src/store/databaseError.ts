// SQL errors as codes. MUST keep out what PostgreSQL quotes of values: messages, details and contexts are dropped.
import { TidemarkError } from '../errors.ts';

/** Raised by our guards (migrations.ts): another run or attempt has taken over. */
const staleState = 'TM001';

// 08 connection, 28 authorisation, 3D no such database, 53 resources, 55 locks, 57 operator, 58 system; 25006 read-only.
const unavailable = /^(08|28|3D|53|55P03|57|58|25006)/;

/** Any error of pg as a TidemarkError; what is one already, or is not of the database, stays. */
export function castError(error: unknown, address: string): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const state = sqlStateOf(error);
  if (state === null) {
    if (!isConnectionError(error)) throw error;
    return new TidemarkError('STORE_UNAVAILABLE', `PostgreSQL at ${address} cannot be reached (${causeOf(error)}).`);
  }
  if (state === staleState) {
    return new TidemarkError('STALE_ATTEMPT', 'Another run or attempt has taken over; nothing was written.');
  }
  const details = { sqlstate: state };
  const cause = new Error(placeOf(error));
  if (unavailable.test(state)) {
    return new TidemarkError('STORE_UNAVAILABLE', `PostgreSQL at ${address} refuses work (SQLSTATE ${state}).`, { details, cause });
  }
  if (isRepeatableState(state)) {
    return new TidemarkError('STORE_UNAVAILABLE', `PostgreSQL at ${address} ended a transaction again and again (SQLSTATE ${state}).`, {
      details,
      cause,
    });
  }
  return new TidemarkError('INTERNAL', `PostgreSQL refused a statement (SQLSTATE ${state}).`, { details, cause });
}

/** Whether the transaction may succeed when it is simply run again: a deadlock or a serialisation failure. */
export function isRepeatable(error: TidemarkError): boolean {
  const state = error.details['sqlstate'];
  return typeof state === 'string' && isRepeatableState(state);
}

const isRepeatableState = (state: string): boolean => state.startsWith('40');

/** By shape, never by class: errors of Node's own may come from another realm. */
function textOf(error: unknown, key: 'code' | 'message' | 'severity'): string {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
  return typeof value === 'string' ? value : '';
}

function sqlStateOf(error: unknown): string | null {
  const code = textOf(error, 'code');
  return textOf(error, 'severity') !== '' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

// pg has no codes of its own; these are its messages for a connection that ended, timed out or was never there.
const lost =
  /^(Connection terminated|Query read timeout|timeout e|Client (was closed|has encountered)|Cannot use a pool|The server does not support SSL)/;

// What sockets and TLS call a failure: ECONNREFUSED, ENOTFOUND, ERR_TLS_CERT_ALTNAME_INVALID, DEPTH_ZERO_SELF_SIGNED_CERT. Any other ERR_ is ours.
const socketCode = /^(?!ERR_(?!TLS|SSL))[A-Z][A-Z0-9_]+$/;

function isConnectionError(error: unknown): boolean {
  return lost.test(textOf(error, 'message')) || socketCode.test(textOf(error, 'code'));
}

const causeOf = (error: unknown): string => textOf(error, 'code') || textOf(error, 'message');

/** Where in the schema it happened: names only. */
function placeOf(error: unknown): string {
  const parts = ['code', 'routine', 'table', 'column', 'constraint'].flatMap((key) => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
    return typeof value === 'string' ? [`${key} ${value}`] : [];
  });
  return parts.join(', ');
}
