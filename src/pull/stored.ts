// Stored records as pages of a walk: those whose assets another map made, to be mapped again without asking the source (design 3.8).
import type { SourcePage } from '../clients/source.ts';
import type { Step } from '../model.ts';
import type { Database } from '../store/database.ts';
import { readOtherwiseMapped } from '../store/record.ts';
import type { StreamTarget } from './page.ts';

/** Where they begin. Their link is the number of the last record before. */
export const firstStored: Step = { phase: 'stored', link: '0' };

const pageSize = 1_000;

/**
 * The records behind `link` in order of their numbers. May be read again: what has been mapped meanwhile is left out.
 * MUST give ids only: the page is fetched while another commits, and what is stored of them is read when it is their turn (I8).
 */
export async function storedPage(database: Database, { connection, definition, map }: StreamTarget, link: string): Promise<SourcePage> {
  const of = { connection, stream: definition.name, mapHash: map?.ownHash ?? '', after: Number(link), limit: pageSize };
  const records = map === null ? [] : await readOtherwiseMapped(database, of);
  const last = records.at(-1);
  const next = last === undefined || records.length < pageSize ? null : String(last.num);
  return { objects: records.map(({ id }) => ({ id })), next, cursor: null, requests: 0, bytes: 0, throttledMs: 0 };
}
