// Keeps what the entity shows in its connection's row, for when it cannot be asked. Idempotent.
import { failpoint } from '../failpoint.ts';
import { setConnectionState } from '../store/connection.ts';
import type { Shared } from './dependencies.ts';
import { writeSaved } from './saved.ts';
import type { SavedState } from './types.ts';

export async function saveState(
  { database }: Shared,
  { name, state }: { readonly name: string; readonly state: SavedState },
): Promise<void> {
  failpoint('state.beforeSave');
  await setConnectionState(database, name, writeSaved(state));
  failpoint('state.afterSave');
}
