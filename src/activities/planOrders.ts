// Takes a file of orders into the ledger and plans it (decision 45). The file lies below the worker's own directory of orders.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config.ts';
import { readSpec } from '../connectors/spec.ts';
import { TidemarkError } from '../errors.ts';
import { planFile, stageFile } from '../fulfil/stage.ts';
import { getConnection } from '../store/connection.ts';
import { countOrders } from '../store/orderFile.ts';
import type { Shared } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { PlannedOrders, PlanOrdersRequest } from './types.ts';

/** May be called again at any time. @throws CONFIG_INVALID, STORE_UNAVAILABLE */
export async function planOrders(shared: Shared, request: PlanOrdersRequest): Promise<PlannedOrders> {
  const { database, config } = shared;
  const { connection, by } = request;
  const stored = await getConnection(database, connection);
  if (stored === null)
    throw new TidemarkError('CONFIG_INVALID', `There is no connection "${connection}".`, { hint: 'Apply its file first.' });
  const spec = readSpec(stored.spec);
  if (spec.connector !== 'identity-manager') {
    throw new TidemarkError('CONFIG_INVALID', `Connection "${connection}" is of ${spec.connector}, which writes no orders.`, {
      hint: 'Orders are written by a connection of identity-manager.',
    });
  }
  const file = await withHeartbeat(config.timings, shared.draining, async ({ alive }) => {
    if (request.file !== undefined || request.path === undefined) return request.file ?? '';
    return stageFile(database, { connection, path: await ordersPath(config, request.path), by, alive: () => alive() });
  });
  await planFile(database, { connection, file, guard: spec.guard });
  const orders = await countOrders(database, { connection, file });
  if (orders !== null) return { file, orders, timings: config.timings };
  throw new TidemarkError('CONFIG_INVALID', `The ledger of "${connection}" has no file of orders with this digest.`, {
    hint: 'Send it with "tidemark fulfil", or name it by path.',
  });
}

/** Absolute, links followed. @throws CONFIG_INVALID outside the worker's directory of orders. */
export async function ordersPath({ ordersDir }: Pick<Config, 'ordersDir'>, given: string): Promise<string> {
  if (ordersDir === null) {
    throw new TidemarkError('CONFIG_INVALID', 'The worker has no directory of orders, so no path can be read.', {
      hint: 'Set TIDEMARK_ORDERS_DIR of the worker, or send the file with "tidemark fulfil".',
    });
  }
  const outside = { hint: 'Put a regular file below the directory that TIDEMARK_ORDERS_DIR of the worker names.' };
  try {
    const root = await realpath(ordersDir);
    const real = await realpath(path.resolve(ordersDir, given));
    if (real.startsWith(`${root}${path.sep}`)) return real;
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', 'The file of orders cannot be read.', { ...outside, cause: error });
  }
  throw new TidemarkError('CONFIG_INVALID', 'The file of orders is outside the directory of orders.', outside);
}
