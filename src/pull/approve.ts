// A run of mode `settle`: removes the approved pending set, exactly the one of the digest (decision 3).
import type { StreamDefinition } from '../connectors/definition.ts';
import type { Source } from '../clients/source.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { applyApproved, approveHeld, noteAnswers, unaskedRecords } from '../store/approved.ts';
import type { Database } from '../store/database.ts';
import { heldSet } from '../store/held.ts';
import { askedAtOnce, isTriedAgain } from './stage.ts';
import type { Asking } from './stage.ts';

export interface ApproveRequest extends Asking {
  readonly run: number;
  readonly connection: string;
  /** As it was shown to who approves. */
  readonly digest: string;
  /** Who approves, for the audit. */
  readonly by: string;
  /** All streams of the connector: what is held may be of any profile. */
  readonly streams: readonly StreamDefinition[];
}

interface ApproveDependencies {
  readonly database: Database;
  readonly source: Pick<Source, 'gone'>;
}

/**
 * Removes the pending set if it is still the one of the digest; what was not asked for is asked for first and kept when it exists. Idempotent: a
 * crash in the middle is gone over again.
 * @throws REMOVALS_HELD when the set is another one by now, or the source stays away; retried codes; STALE_ATTEMPT when another run has been opened.
 */
export async function settleApproved(dependencies: ApproveDependencies, request: ApproveRequest): Promise<void> {
  const { database } = dependencies;
  const { run, connection, options } = request;
  failpoint('approve.begun');
  if (!(await approveHeld(database, request))) throw changed(connection, (await heldSet(database, connection)).digest);
  failpoint('approve.afterMark');
  try {
    await askHeld(dependencies, request);
  } catch (error) {
    if (!(error instanceof TidemarkError) || isTriedAgain(error, request)) throw error;
    throw unanswered(error);
  }
  failpoint('approve.beforeApply');
  await applyApproved(database, { run, connection }, () => {
    options.alive?.();
    failpoint('approve.afterSlice');
  });
}

async function askHeld({ database, source }: ApproveDependencies, request: ApproveRequest): Promise<void> {
  const { run, connection, options } = request;
  for (const { name: stream, walk } of request.streams) {
    if (walk.shape !== 'list') continue;
    const at = { run, connection, stream };
    for (let after = 0; ;) {
      const candidates = await unaskedRecords(database, { ...at, after, limit: askedAtOnce });
      const last = candidates.at(-1);
      if (last === undefined) break;
      const { gone } = await source.gone({ path: walk.path, ids: candidates.map(({ id }) => id) }, options);
      const nums = (isGone: boolean): number[] => candidates.filter(({ id }) => gone.has(id) === isGone).map(({ num }) => num);
      await noteAnswers(database, { ...at, gone: nums(true), existing: nums(false) });
      options.alive?.();
      failpoint('approve.afterAsk');
      after = last.num;
    }
  }
}

function changed(connection: string, digest: string | null): TidemarkError {
  return digest === null
    ? new TidemarkError('REMOVALS_HELD', `Nothing is held of ${connection} any more.`)
    : new TidemarkError('REMOVALS_HELD', `The held removals of ${connection} have changed: their digest is ${digest}.`);
}

/** Still held: whether they exist could not be asked. */
function unanswered(error: TidemarkError): TidemarkError {
  const message = `The source did not say whether held removals still exist (${error.code}: ${error.message})`;
  return new TidemarkError('REMOVALS_HELD', message, { hint: error.hint, cause: error });
}
