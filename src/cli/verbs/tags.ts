// tidemark tags list|show|apply|rm: named queries over documents, by which connections include hosts (decision 39).
import { parseConnectionFiles, problemInWords } from '../../connectors/connectionFile.ts';
import { TidemarkError } from '../../errors.ts';
import { type Connection, listConnections } from '../../store/connection.ts';
import type { Database } from '../../store/database.ts';
import { listMaps } from '../../store/map.ts';
import { deleteTag, listTags, type StoredTag } from '../../store/tag.ts';
import { printApplied, printRemoved } from '../applied.ts';
import type { Context } from '../context.ts';
import { readFiles } from '../files.ts';
import type { Column } from '../output.ts';
import { refuseProblems, requireOnly } from '../problems.ts';
import { mapsBeside, tagProblems, usersOf } from '../tags.ts';
import { timeIn } from '../words.ts';

interface View extends StoredTag {
  /** The connections that include by it. */
  readonly usedBy: readonly string[];
}

const columns: readonly Column<View>[] = [
  { title: 'name', value: ({ name }) => name },
  { title: 'criticality', value: ({ criticality }) => criticality, align: 'right' },
  { title: 'used by', value: ({ usedBy }) => usedBy.join(', ') },
  { title: 'changed', value: ({ changedAt }) => timeIn('UTC', changedAt) },
  { title: 'query', value: ({ query }) => query },
];

const viewOf = (tag: StoredTag, connections: readonly Connection[]): View => ({
  ...tag,
  usedBy: usersOf(connections, tag.name).map(({ name }) => name),
});

export async function tagsList(context: Context): Promise<void> {
  const database = await context.database();
  const connections = await listConnections(database);
  const views = (await listTags(database)).map((tag) => viewOf(tag, connections));
  await context.output.rows(views, { columns, none: 'There are no tags yet: "tidemark tags apply -f FILE".' });
}

export async function tagsShow(context: Context, name: string): Promise<void> {
  const database = await context.database();
  const view = viewOf(await requireTag(database, name), await listConnections(database));
  const text = [
    `${view.name}${view.criticality === null ? '' : `, criticality ${view.criticality}`}`,
    `  query:   ${view.query}`,
    `  used by: ${view.usedBy.length === 0 ? 'no connection' : view.usedBy.join(', ')}`,
  ].join('\n');
  await context.output.one(view, { text: () => text, rows: [view], columns });
}

export async function tagsApply(context: Context, { file }: { readonly file: readonly string[] }): Promise<void> {
  const { connections, maps, rules, tags, problems } = parseConnectionFiles(readFiles(file), { now: new Date(0) });
  requireOnly('tag', [...connections, ...maps, ...rules]);
  refuseProblems([...problems, ...tagProblems(tags, null)].map(problemInWords));
  refuseProblems(tagProblems(tags, mapsBeside(await listMaps(await context.database()), [])).map(problemInWords));
  const { applyTags } = await import('../applyTags.ts');
  const applied = await applyTags(context, tags);
  await printApplied(context.output, applied);
}

export async function tagsRm(context: Context, name: string): Promise<void> {
  const database = await context.database();
  await requireTag(database, name);
  const users = usersOf(await listConnections(database), name).map((connection) => connection.name);
  if (users.length > 0) {
    throw new TidemarkError('CONFIG_INVALID', `The tag "${name}" is in use: ${users.slice(0, 10).join(', ')}.`, {
      hint: 'Take it out of settings.includeTags of these connections first.',
    });
  }
  await deleteTag(database, name);
  await printRemoved(context.output, 'tag', name);
}

/** @throws CONFIG_INVALID naming those that exist. */
async function requireTag(database: Database, name: string): Promise<StoredTag> {
  const tags = await listTags(database);
  const found = tags.find((tag) => tag.name === name);
  if (found !== undefined) return found;
  throw new TidemarkError('CONFIG_INVALID', `There is no tag "${name}".`, {
    hint:
      tags.length === 0 ? 'None has been applied yet: "tidemark tags apply -f FILE".' : `Known: ${tags.map((tag) => tag.name).join(', ')}.`,
  });
}
