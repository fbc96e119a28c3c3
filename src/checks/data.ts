// The check `data`: one record of each stream, never a page. A resource that takes no page size is not asked: its permission stands for it.
import type { Source } from '../clients/source.ts';
import type { StreamDefinition } from '../connectors/definition.ts';
import { asTidemarkError } from '../errors.ts';
import type { Advice } from '../model.ts';
import { adviceOf, type Asked } from './failures.ts';
import type { Found } from './report.ts';
import { say } from './words.ts';

/** The collection whose first record stands for the stream; null when each refuses `$top`. */
function sampleOf({ walk }: StreamDefinition): string | null {
  // A delta query takes no page size; the list of the same objects does.
  if (walk.shape !== 'collections') return walk.shape === 'chain' && walk.unpaged === true ? null : walk.path;
  return walk.collections.find(({ top }) => top !== null)?.path ?? null;
}

/** Rejects only with the signal's reason. */
export async function fetchSamples(
  source: Source,
  streams: readonly StreamDefinition[],
  { asked, signal }: { readonly asked: Asked; readonly signal: AbortSignal },
): Promise<Found> {
  const seen = await Promise.all(
    streams.flatMap((stream) => {
      const path = sampleOf(stream);
      return path === null ? [] : [fetchSample(source, path, signal).then((sample) => ({ ...sample, title: stream.title.toLowerCase() }))];
    }),
  );
  const refused = seen.find(({ error }) => error !== null);
  if (refused !== undefined) return { failed: adviceOfRefusal(refused.error, refused.title, asked) };
  const empty = seen.filter(({ count }) => count === 0).map(({ title }) => title);
  return { note: empty.length === 0 ? null : say('empty', { streams: empty.join(', ') }) };
}

async function fetchSample(
  source: Source,
  path: string,
  signal: AbortSignal,
): Promise<{ readonly count: number; readonly error: unknown }> {
  try {
    // A pause that the source asks for is an answer: it is told, not waited for.
    const { objects } = await source.page(source.link({ path, select: ['id'], top: 1 }), { signal, longestWaitMs: 0 });
    return { count: objects.length, error: null };
  } catch (error) {
    signal.throwIfAborted();
    return { count: 0, error };
  }
}

function adviceOfRefusal(error: unknown, streams: string, asked: Asked): Advice {
  const denied = asTidemarkError(error).details['graphCode'] === 'Authorization_RequestDenied';
  return denied ? say('denied', { streams }) : adviceOf(error, asked);
}
