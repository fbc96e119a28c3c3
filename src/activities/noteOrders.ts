// Notes what became of a file of orders that a run has written: it is not read again while it is the same.
import { endPath } from '../store/orderPath.ts';
import type { Shared } from './dependencies.ts';
import type { NoteOrdersRequest } from './types.ts';

/** May be called again at any time. @throws STORE_UNAVAILABLE */
export function noteOrders({ database }: Shared, request: NoteOrdersRequest): Promise<void> {
  return endPath(database, request);
}
