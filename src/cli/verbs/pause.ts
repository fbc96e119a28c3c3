// tidemark pause NAME: the page under way commits, the run stops, and none begins until the connection is resumed.
import { pauseUpdate } from '../../workflows/messages.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity } from '../entity.ts';
import { printDone } from './answer.ts';

export async function pause(context: Context, name: string, { reason }: { readonly reason?: string }): Promise<void> {
  await requireConnection(await context.database(), name);
  const answer = await askEntity(context, name, pauseUpdate, reason === undefined ? {} : { reason });
  await printDone(context.output, name, 'paused', answer);
}
