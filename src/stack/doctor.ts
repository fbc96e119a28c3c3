// What `doctor` looks at: this machine, Temporal, the database, what a worker may read. Looks only; changes nothing; ends within seconds.
import type { Client } from '@temporalio/client';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lostKey, readKey } from '../clients/secrets/keyFile.ts';
import type { Config } from '../config.ts';
import { asTidemarkError, TidemarkError } from '../errors.ts';
import { openDatabase, type Database } from '../store/database.ts';
import { listSecrets, type StoredSecret } from '../store/secret.ts';
import { missingMigrations } from '../store/schema.ts';
import { readPresence } from '../store/worker.ts';
import { taskQueues } from '../workflows/ids.ts';
import { bad, type Check, type Finding, ok } from './check.ts';
import { missingSearchAttributes } from './searchAttributes.ts';
import { checkCcp, checkJweKeys, checkVaults } from './secretPlaces.ts';

/** Each check has this long, so that all of them end within five seconds. */
const checkTimeoutMs = 3_000;
const oldestNode = [22, 19] as const;

/** In the order in which they should be mended. `connect` opens Temporal and is closed by the caller. */
export async function checkInstallation(config: Config, connect: () => Promise<Client>): Promise<Check[]> {
  const temporal = within('Temporal', connect());
  const database =
    config.databaseUrl === null ? null : openDatabase({ url: config.databaseUrl, applicationName: 'tidemark-doctor', maxConnections: 1 });
  try {
    const checks: [string, () => Finding | Promise<Finding>][] = [
      ['node', checkNode],
      ['home', () => checkHome(config.home)],
      ['secrets', () => checkSecrets(config)],
      ['secret key', () => checkSecretKey(config, database)],
      ['jwe keys', () => checkJweKeys(config)],
      ['key vaults', () => checkVaults(config, database)],
      ['cyberark', () => checkCcp(config)],
      ['temporal', async () => (await temporal, ok(config.temporal.address))],
      ['namespace', async () => checkNamespace(await temporal)],
      ['search attributes', async () => checkSearchAttributes(await temporal)],
      ['workers', async () => checkWorkers(await temporal, database)],
      ['database', () => checkDatabase(database)],
      ['schema', () => checkSchema(database)],
    ];
    return await Promise.all(
      checks.map(async ([check, look]) => {
        try {
          return { check, ...(await within(check, Promise.resolve(look()))) };
        } catch (error) {
          const { message, hint } = asTidemarkError(error);
          return { check, ...bad(message, hint) };
        }
      }),
    );
  } finally {
    // A server that hangs would hold up the end of the pool too.
    await Promise.race([database?.close(), sleep(500, undefined, { ref: false })]);
  }
}

async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = sleep(checkTimeoutMs, undefined, { signal: controller.signal }).then(() => {
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `${what}: no answer within ${checkTimeoutMs / 1000} s.`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    controller.abort();
  }
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return enough ? ok(process.version) : bad(process.version, `Use Node ${oldestNode.join('.')} or later; "npx tidemark" brings Node 24.`);
}

function checkHome(home: string): Finding {
  const place = existsSync(home) ? home : path.dirname(home);
  try {
    accessSync(place, constants.W_OK);
    return ok(home);
  } catch {
    return bad(`${place} cannot be written`, 'Change its owner, or set TIDEMARK_HOME to another directory.');
  }
}

/** Files of secrets are for their owner only. */
function checkSecrets({ secrets }: Config): Finding {
  const variables = `${Object.keys(secrets.env).length} variables`;
  if (secrets.dir === null) return ok(`${variables}; no directory (TIDEMARK_SECRET_DIR)`);
  let names: string[];
  try {
    names = readdirSync(secrets.dir);
  } catch {
    return bad(`${secrets.dir} cannot be read`, 'Create it, or correct TIDEMARK_SECRET_DIR.');
  }
  const dir = secrets.dir;
  const open = names.filter((name) => (statSync(path.join(dir, name)).mode & 0o077) !== 0);
  if (open.length === 0) return ok(`${variables}; ${names.length} files in ${dir}`);
  return bad(`readable by others: ${open.slice(0, 3).join(', ')}${open.length > 3 ? ', …' : ''}`, `chmod 600 ${path.join(dir, '*')}`);
}

/** The key of the secrets that Tidemark keeps: usable, and the one that sealed them. Where the database is away, the file alone is looked at. */
async function checkSecretKey({ secrets: { keyFile } }: Config, database: Database | null): Promise<Finding> {
  const [key, kept] = await Promise.all([readKey(keyFile), keptSecrets(database)]);
  const other = kept?.find(({ keyId }) => keyId !== key?.id);
  if (other !== undefined) throw lostKey('Secrets that are kept are', { file: keyFile, wanted: other.keyId, present: key });
  if (key === null) return ok(kept === null ? `none (${keyFile})` : 'none yet: no secret is kept');
  return ok(`${key.id} (${keyFile})${kept === null ? '' : `; secrets kept: ${kept.length}`}`);
}

/** null where the database does not answer, or is of an earlier release. */
async function keptSecrets(database: Database | null): Promise<StoredSecret[] | null> {
  try {
    return await listSecrets(required(database));
  } catch {
    return null;
  }
}

async function checkNamespace(client: Client): Promise<Finding> {
  const { namespace } = client.options;
  try {
    await client.workflowService.describeNamespace({ namespace });
    return ok(namespace);
  } catch (error) {
    throw new TidemarkError('ORCHESTRATOR_UNAVAILABLE', `There is no namespace ${namespace}.`, {
      hint: `temporal operator namespace create -n ${namespace}, or correct TEMPORAL_NAMESPACE.`,
      cause: error,
    });
  }
}

async function checkSearchAttributes(client: Client): Promise<Finding> {
  const missing = await missingSearchAttributes(client);
  return missing.length === 0
    ? ok('registered')
    : bad(`missing: ${missing.join(', ')}`, '"tidemark up" registers them, or: temporal operator search-attribute create.');
}

/** By the workers' rows; where the database does not answer, by who asks Temporal for work. */
async function checkWorkers(client: Client, database: Database | null): Promise<Finding> {
  const serving = await countServing(client, database);
  const idle = [...serving].filter(([, count]) => count === 0).map(([queue]) => queue);
  if (idle.length === 0) return ok([...serving].map(([queue, count]) => `${queue}: ${count}`).join(', '));
  return bad(`nobody serves ${idle.join(' and ')}`, 'Start one: "tidemark worker", or "tidemark up".');
}

/** How many serve each task queue. */
async function countServing(client: Client, database: Database | null): Promise<Map<string, number>> {
  const { namespace } = client.options;
  const queues = Object.values(taskQueues);
  const presence = await readPresence(required(database), namespace).catch(() => null);
  if (presence !== null) return new Map(queues.map((queue) => [queue, presence.get(queue)?.workers ?? 0]));
  const counts = new Map<string, number>();
  for (const name of queues) {
    // 2 is TASK_QUEUE_TYPE_ACTIVITY: both queues have activities.
    const { pollers } = await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType: 2 });
    counts.set(name, pollers.length);
  }
  return counts;
}

function required(database: Database | null): Database {
  if (database !== null) return database;
  throw new TidemarkError('STORE_UNAVAILABLE', 'None is configured.', { hint: 'Run "tidemark up", or set TIDEMARK_DATABASE_URL.' });
}

async function checkDatabase(database: Database | null): Promise<Finding> {
  const [row] = await required(database).query<{ version: string; number: number }>(
    `select split_part(version(), ' on ', 1) as version, current_setting('server_version_num')::int as number`,
  );
  if (row === undefined || row.number < 150_000) return bad(row?.version ?? 'unknown', 'Use PostgreSQL 15 or later.');
  return ok(row.version);
}

async function checkSchema(database: Database | null): Promise<Finding> {
  const missing = await missingMigrations(required(database));
  if (missing < 0) return ok('migrated by a newer version; this one works with it');
  return missing === 0 ? ok('up to date') : bad(`${missing} migrations are missing`, 'Any worker or verb applies them when it starts.');
}
