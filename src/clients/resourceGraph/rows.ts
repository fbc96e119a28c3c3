// Rows of Resource Graph: one page at a position, or all rows of a small query. Loss is never silent: what does not add up is an error.
// https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results
import { z } from 'zod';
import { TidemarkError } from '../../errors.ts';
import type { JsonObject } from '../../model.ts';
import type { Ask } from '../ask.ts';
import type { FetchOptions } from '../source.ts';
import { isTooMuch } from './errors.ts';
import { resourcesUrl } from './position.ts';
import type { Batch } from './scopes.ts';

export interface Question {
  /** For messages. */
  readonly name: string;
  readonly text: string;
  readonly batch: Batch;
}

/** Where a page begins. The token is an offset: rows that come or go before it move those after it. */
export interface Place {
  readonly top: number;
  readonly token?: string | undefined;
  /** How many rows came before: where the page begins, */
  readonly rows: number;
  /** the id of the last of them, */
  readonly last?: string | undefined;
  /** and how many there were in all when it was read. */
  readonly total?: number | undefined;
}

interface Page {
  readonly rows: readonly JsonObject[];
  /** Where to go on, or null. */
  readonly next: Place | null;
}

const answerSchema = z.object({
  totalRecords: z.number(),
  count: z.number(),
  resultTruncated: z.enum(['true', 'false']),
  $skipToken: z.string().nullish(),
  data: z.array(z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))),
});
type Answer = z.infer<typeof answerSchema>;

/** Asks as the source wants it: by one principal's budget, of one base. */
export interface Asker {
  readonly base: URL;
  readonly ask: Ask;
  readonly options: FetchOptions;
}

/**
 * One page of at most `top` rows; as many fewer as the source can answer. It is asked from the last row of the page before, which proves that none was
 * skipped. Where that row has moved because others came or went, the page begins after it all the same; where it moved for no reason, rows were lost.
 */
export async function readPage(asker: Asker, of: Question, place: Place): Promise<Page> {
  const near = await readFrom(asker, of, place, Math.max(place.rows - 1, 0));
  const far = near.before < 0 && near.skip > 0 && near.answer.totalRecords !== place.total;
  const { answer, before, skip, top } = far ? await readFrom(asker, of, place, Math.max(place.rows - place.top, 0)) : near;
  const { data, totalRecords: total, $skipToken } = answer;
  const ends = $skipToken === undefined || $skipToken === null || $skipToken === '';
  const end = skip + data.length;
  const wrong = ends ? end !== total : end > total;
  if (wrong || before < 0 || (place.last !== undefined && total === place.total && before !== 1)) throw changed(of, end, total);
  const rows = data.slice(before);
  if (ends) return { rows, next: null };
  const last = data.at(-1)?.['id'];
  if (typeof last === 'string' && last !== '') return { rows, next: { top, token: $skipToken, rows: end, last, total } };
  throw new TidemarkError('SOURCE_SHAPE_CHANGED', `A page of the query ${of.name} ends with no row that has an id.`, {
    details: { query: of.name },
  });
}

interface Found {
  readonly answer: Answer;
  /** How many of its rows were read before; -1 when the last of them is not there. */
  readonly before: number;
  readonly skip: number;
  readonly top: number;
}

async function readFrom(asker: Asker, of: Question, place: Place, skip: number): Promise<Found> {
  const { answer, top } = await askHalving(asker, of, place, skip);
  checkWhole(of, answer);
  const at = answer.data.findIndex(({ id }) => id === place.last);
  return { answer, before: place.last === undefined ? 0 : at < 0 ? -1 : at + 1, skip, top };
}

/** All rows. MUST be used only for queries that name the ids of their rows. */
export async function readAll(asker: Asker, of: Question): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let place: Place | null = { top: mostRows, rows: 0 };
  while (place !== null) {
    const page: Page = await readPage(asker, of, place);
    found.push(...page.rows);
    place = page.next;
  }
  return found;
}

/** The most rows of a page. */
const mostRows = 1_000;

async function askHalving(
  { base, ask, options }: Asker,
  of: Question,
  place: Place,
  skip: number,
): Promise<{ readonly answer: Answer; readonly top: number }> {
  for (let { top } = place; ; top = Math.floor(top / 2)) {
    // Both are documented to override what the token says.
    const after = place.token === undefined ? {} : { $skipToken: place.token, $skip: skip };
    const $top = place.token === undefined ? top : Math.min(top + 1, mostRows);
    const body = JSON.stringify({
      [of.batch.kind]: of.batch.ids,
      query: of.text,
      options: { resultFormat: 'objectArray', $top, ...after },
    });
    try {
      const { body: answer, headers } = await ask({ method: 'POST', url: resourcesUrl(base), body }, options);
      if (headers['x-ms-tenant-subscription-limit-hit'] === 'true') throw limitHit(of);
      return { answer: parse(of, answer), top };
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      if (top === 1) throw tooMuchForOne(of, error);
    }
  }
}

function parse(of: Question, body: unknown): Answer {
  const read = answerSchema.safeParse(body);
  if (read.success) return read.data;
  const path = (read.error.issues[0]?.path ?? []).join('.');
  throw new TidemarkError(
    'SOURCE_SHAPE_CHANGED',
    `The answer to the query ${of.name} is not of the expected type at ${path || 'the top'}.`,
    {
      details: { query: of.name, path },
    },
  );
}

function checkWhole(of: Question, answer: Answer): void {
  const what =
    answer.resultTruncated === 'true'
      ? 'was cut off by the source, which cannot page it'
      : answer.count !== answer.data.length
        ? `tells ${answer.count} rows and has ${answer.data.length}`
        : null;
  if (what === null) return;
  throw new TidemarkError('SOURCE_SHAPE_CHANGED', `The answer to the query ${of.name} ${what}.`, { details: { query: of.name } });
}

/** Rows came or went while they were read, so that pages may have shifted: the walk begins again. */
function changed(of: Question, rows: number, total: number): TidemarkError {
  return new TidemarkError('CURSOR_EXPIRED', `The query ${of.name} has ${total} rows, but its pages ended at ${rows}.`, {
    details: { link: 'page', query: of.name, rows, total },
  });
}

function tooMuchForOne(of: Question, cause: TidemarkError): TidemarkError {
  return new TidemarkError('SOURCE_SHAPE_CHANGED', `The source cannot answer the query ${of.name}, not even one row of it.`, {
    details: { ...cause.details, query: of.name },
    cause,
  });
}

function limitHit(of: Question): TidemarkError {
  return new TidemarkError('CONFIG_INVALID', `The query ${of.name} reaches more subscriptions than the source reads; it left some out.`, {
    hint: 'List the subscriptions, or name smaller management groups.',
    details: { query: of.name },
  });
}
