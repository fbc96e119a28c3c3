// tidemark resume NAME: back to the state before the pause; one run follows when an occurrence was skipped meanwhile.
import { resumeUpdate } from '../../workflows/messages.ts';
import { requireConnection } from '../connections.ts';
import type { Context } from '../context.ts';
import { askEntity } from '../entity.ts';
import { printDone } from './answer.ts';

export async function resume(context: Context, name: string): Promise<void> {
  await requireConnection(await context.database(), name);
  await printDone(context.output, name, 'resumed', await askEntity(context, name, resumeUpdate, {}));
}
