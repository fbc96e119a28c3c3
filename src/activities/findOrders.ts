// The new files in a connection's directory of orders (decision 45): those that no run has ended as they are now.
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fulfilOf } from '../connectors/identity-manager/fulfil.ts';
import { asTidemarkError, codes, TidemarkError } from '../errors.ts';
import { surveyOrders } from '../fulfil/read.ts';
import { writeLog } from '../store/log.ts';
import { newPaths, notePaths, type OrderPath } from '../store/orderPath.ts';
import type { Shared } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';
import { ordersPath } from './planOrders.ts';
import { pinnedRun } from './pinned.ts';
import type { FindOrdersRequest, FoundOrders } from './types.ts';

/** Each is a workflow of its own: more wait for the next run, so that the history of one stays short. */
const filesPerRun = 100;
const isOrders = (name: string): boolean => !name.startsWith('.') && /\.(ndjson|json)$/i.test(name);

/** By name. May be called again at any time. @throws CONFIG_INVALID for a directory that is not below the worker's, STORE_UNAVAILABLE */
export async function findOrders({ database, config, draining }: Shared, request: FindOrdersRequest): Promise<FoundOrders> {
  const { connection, run, timings } = request;
  return withHeartbeat(timings, draining, async ({ signal, alive }) => {
    const { spec } = await pinnedRun(database, run);
    const { orders } = fulfilOf(spec);
    if (orders === undefined) throw new TidemarkError('CONFIG_INVALID', 'settings.fulfil.orders names no directory.');
    const fresh = await newPaths(database, connection, await listFiles(await ordersPath(config, orders), orders));
    const paths = fresh.slice(0, filesPerRun);
    await notePaths(database, { connection, run, paths });
    const files: FoundOrders['files'][number][] = [];
    for (const { path: file } of paths) {
      signal.throwIfAborted();
      files.push(await survey(file, await ordersPath(config, file)));
      alive();
    }
    const left = fresh.length - paths.length;
    if (left > 0)
      await writeLog(database, {
        connection,
        run,
        level: 'info',
        message: `${left} more files of orders wait for the next run.`,
        details: {},
      });
    return { files };
  });
}

async function listFiles(directory: string, below: string): Promise<OrderPath[]> {
  let names: string[];
  try {
    names = (await readdir(directory)).filter(isOrders);
  } catch (error) {
    throw new TidemarkError('CONFIG_INVALID', 'The directory of settings.fulfil.orders cannot be read.', {
      hint: 'Make it, below the directory that TIDEMARK_ORDERS_DIR of the worker names, and let the worker read it and write results to it.',
      cause: error,
    });
  }
  const files: OrderPath[] = [];
  for (const name of names) {
    const stats = await lstat(path.join(directory, name), { bigint: true }).catch(() => null);
    // What was taken away meanwhile is not there, and a link or a directory is no file of orders.
    if (stats?.isFile() === true) files.push({ path: path.join(below, name), version: `${stats.size} ${stats.mtimeNs}` });
  }
  return files;
}

/** The file's digest, or why it is none: then the others are written all the same. */
async function survey(file: string, at: string): Promise<FoundOrders['files'][number]> {
  try {
    return { path: file, file: (await surveyOrders(at)).digest, error: null };
  } catch (error) {
    const { code, message, hint } = asTidemarkError(error);
    if (codes[code].retried) throw error;
    return { path: file, file: null, error: { code, message, hint } };
  }
}
