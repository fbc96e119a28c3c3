// Writes the set of files of a run and publishes it (I13). A set is written in a folder of its own, then noted in the database as pending, then published
// by one rename, and its cookies last. Killed before the note, nothing has happened; killed after it, the next attempt or run goes on publishing.
// MUST publish only what no other run touched while it was read, nothing while removals are held, and nothing before every stream was read to its end.
import path from 'node:path';
import { codeOf, isError } from '../clients/thrown.ts';
import { TidemarkError } from '../errors.ts';
import { failpoint } from '../failpoint.ts';
import { hashOf } from '../mappings/canonical.ts';
import type { Database } from '../store/database.ts';
import { changesBetween, type Since } from '../store/exportRows.ts';
import {
  commitSet,
  dropPending,
  type ExportState,
  notePending,
  type PendingSet,
  readExportState,
  standingOf,
  type StreamStanding,
} from '../store/exportSet.ts';
import { heldSet } from '../store/held.ts';
import { changeHorizon } from '../store/retention.ts';
import { writeWhole } from '../files/wholeFile.ts';
import { writeContent } from './content.ts';
import { fileMode } from './csvFile.ts';
import {
  cookieHashes,
  cookieName,
  createSetFolder,
  currentFolder,
  manifestName,
  publishCookies,
  publishFolder,
  sweepCookies,
  sweepSets,
  syncDirectory,
  textOf,
} from './folder.ts';
import { type Manifest, manifestText, readManifest } from './manifest.ts';
import type { ExportPlan } from './plan.ts';

export interface PublishRequest {
  /** The last run of the connection, which has settled what it read. */
  readonly run: number;
  readonly plan: ExportPlan;
  /** Absolute. */
  readonly directory: string;
  /** Absolute. */
  readonly cookies: string;
  /** Called with the rows so far. @throws to give up */
  readonly alive: (rows: number) => void;
}

export type Published =
  | { readonly kind: 'published'; readonly manifest: Manifest }
  /** Removals wait for a decision: the set before stands. */
  | { readonly kind: 'held' }
  /** These streams were never read to their end. */
  | { readonly kind: 'unread'; readonly streams: readonly string[] };

/** Beyond so many changes a complete set is no dearer. */
const mostChanges = 200_000;

/** May be called again at any time; a set that is published is answered. @throws EXPORT_FAILED, STORE_UNAVAILABLE; STALE_ATTEMPT when another run has been opened. */
export async function publishSet(database: Database, request: PublishRequest): Promise<Published> {
  const { plan, run } = request;
  failpoint('export.begun');
  try {
    await refuseForeign(request);
    const state = await withoutPending(database, request);
    if (state.committed?.run === run) {
      const manifest = await publishedManifest(request);
      if (manifest?.run === run) return { kind: 'published', manifest };
    }
    if ((await heldSet(database, plan.connection)).count > 0) return { kind: 'held' };
    const standing = await standingOf(database, { run, connection: plan.connection, streams: plan.entities.map(({ stream }) => stream) });
    const unread = standing.filter(({ complete }) => !complete).map(({ stream }) => stream);
    if (unread.length > 0) return { kind: 'unread', streams: unread };
    await writeSet(database, request, state, standing);
    failpoint('export.afterPending');
    await withoutPending(database, request);
    const manifest = await publishedManifest(request);
    if (manifest === null) throw new TidemarkError('EXPORT_FAILED', 'The set that was just published is not there.');
    return { kind: 'published', manifest };
  } catch (error) {
    throw asExportError(error, request.directory);
  }
}

/** Two connections of one name in one directory would take turns with its files. */
async function refuseForeign(request: PublishRequest): Promise<void> {
  const standing = await publishedManifest(request);
  if (standing === null || standing.connection === request.plan.connection) return;
  throw new TidemarkError(
    'EXPORT_FAILED',
    `The directory has files of "${request.plan.name}" that connection "${standing.connection}" wrote.`,
    {
      hint: 'Give one of them another export.name or export.directory, or move the files away.',
    },
  );
}

/** Publishes the set that is on its way, if there is one, and sweeps. */
async function withoutPending(database: Database, request: PublishRequest): Promise<ExportState> {
  const { directory, cookies, plan } = request;
  const { connection, name } = plan;
  const { pending } = await readExportState(database, { connection, directory });
  const before = await currentFolder(directory, name);
  if (pending !== null) {
    const whole = readManifest(await textOf(path.join(directory, pending.folder, manifestName(name)))) !== null;
    if (whole) await finish(database, request, pending);
    else await dropPending(database, { connection, directory }, pending);
  }
  await sweepSets(directory, name, [before, await currentFolder(directory, name)]);
  await sweepCookies(cookies, name);
  return readExportState(database, { connection, directory });
}

/** From the note on: idempotent, and the same whoever does it. */
async function finish(
  database: Database,
  { directory, cookies, plan: { connection, name } }: PublishRequest,
  pending: PendingSet,
): Promise<void> {
  await publishFolder(directory, name, pending.folder);
  await publishCookies(directory, cookies, name, pending.folder, Object.keys(pending.cookies));
  failpoint('export.beforeCommit');
  await commitSet(database, { connection, directory }, pending);
  failpoint('export.afterCommit');
}

async function writeSet(
  database: Database,
  request: PublishRequest,
  { committed }: ExportState,
  standing: readonly StreamStanding[],
): Promise<void> {
  const { plan, run, directory, alive } = request;
  const { connection, name, definition, attributes, entities } = plan;
  const complete = await reasonForAll(database, request, committed, standing);
  const since: Since | null = complete === null && committed !== null ? { after: committed.run, upTo: run } : null;
  const folderName = await createSetFolder(directory, name, run);
  const folder = path.join(directory, folderName);
  const files = await writeContent(database, { plan, folder, since, alive });
  const hashes: Record<string, string> = {};
  for (const { stream, entity } of entities) {
    const link = standing.find((one) => one.stream === stream)?.link ?? null;
    if (link === null) continue;
    await writeWhole(path.join(folder, cookieName(name, entity)), link, fileMode);
    hashes[entity] = hashOf(link);
  }
  const manifest: Manifest = {
    connection,
    name,
    run,
    set: since === null ? 'complete' : 'incremental',
    reason: complete ?? 'changes',
    since: since?.after ?? null,
    attributes: [...attributes],
    files,
    cookies: hashes,
  };
  await writeWhole(path.join(folder, manifestName(name)), manifestText(manifest), fileMode);
  await syncDirectory(folder);
  await syncDirectory(directory);
  failpoint('export.afterManifest');
  await notePending(database, { connection, directory }, { folder: folderName, run, definition, cookies: hashes });
}

/** Why the set has all there is; null when it can go on from the one before. */
async function reasonForAll(
  database: Database,
  { plan, run, cookies, directory }: PublishRequest,
  committed: ExportState['committed'],
  standing: readonly StreamStanding[],
): Promise<string | null> {
  const { name, connection, entities } = plan;
  if (committed === null || (await currentFolder(directory, name)) === null) return 'first set';
  if (plan.ignoreCookies) return 'cookies ignored';
  if (standing.some(({ full }) => full)) return 'full pull';
  if (committed.definition !== plan.definition) return 'attributes, entity types or source changed';
  if (committed.run > run) return 'database restored';
  const found = await cookieHashes(
    cookies,
    name,
    entities.map(({ entity }) => entity),
  );
  if (entities.some(({ entity }) => found[entity] === undefined)) return 'cookie missing';
  if (entities.some(({ entity }) => found[entity] !== committed.cookies[entity])) return 'cookie of another set';
  if ((await changeHorizon(database)).run > committed.run) return 'changes forgotten';
  return (await changesBetween(database, connection, { after: committed.run, upTo: run })) > mostChanges ? 'many changes' : null;
}

async function publishedManifest({ directory, plan: { name } }: PublishRequest): Promise<Manifest | null> {
  return readManifest(await textOf(path.join(directory, manifestName(name))));
}

function asExportError(error: unknown, directory: string): unknown {
  const code = codeOf(error);
  // What the system refused; anything else is a defect.
  if (!isError(error) || !('syscall' in error) || code === undefined) return error;
  return new TidemarkError('EXPORT_FAILED', `The files could not be written to ${directory}: ${code}.`, { cause: error });
}
