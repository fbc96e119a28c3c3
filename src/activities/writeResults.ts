// Puts the results of a file of orders beside it, for who sent it by path.
import { writeResultsFile } from '../fulfil/results.ts';
import type { Shared } from './dependencies.ts';
import { ordersPath } from './planOrders.ts';
import type { WriteResultsRequest } from './types.ts';

/** The whole file anew, in one step: it may be called again at any time. @throws CONFIG_INVALID, STORE_UNAVAILABLE */
export async function writeResults({ database, config }: Shared, { connection, file, path }: WriteResultsRequest): Promise<void> {
  await writeResultsFile(database, { connection, file, path: `${await ordersPath(config, path)}.results.csv` });
}
