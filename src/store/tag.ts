// Tags: named queries over documents (decision 39). What they leave out is judged with the pages (include.ts).
import { TidemarkError } from '../errors.ts';
import type { Database } from './database.ts';
import { escapeText } from './text.ts';

export interface Tag {
  readonly name: string;
  readonly query: string;
  /** 1 (least) to 5; null: it says nothing of criticality. */
  readonly criticality: number | null;
}

export interface StoredTag extends Tag {
  readonly createdAt: string;
  readonly changedAt: string;
}

const columns = `name, query, criticality, created_at as "createdAt", changed_at as "changedAt"`;

/** Creates or changes a tag. Idempotent. @throws CONFIG_INVALID when another tag has this name in other letter case. */
export async function putTag(database: Database, { name, query, criticality }: Tag): Promise<'created' | 'changed' | 'unchanged'> {
  return database.transaction(async (transaction) => {
    const [old] = await transaction.query<Tag>('select name, query, criticality from tag where lower(name) = lower($1) for update', [name]);
    if (old !== undefined && old.name !== name) {
      throw new TidemarkError('CONFIG_INVALID', `There is a tag "${old.name}" already; names are one without regard to case.`);
    }
    if (old?.query === query && old.criticality === criticality) return 'unchanged';
    await transaction.query(
      `insert into tag (name, query, criticality) values ($1, $2, $3)
       on conflict (name) do update set query = excluded.query, criticality = excluded.criticality, changed_at = now()`,
      [name, escapeText(query), criticality],
    );
    return old === undefined ? 'created' : 'changed';
  });
}

/** All tags by name. */
export function listTags(database: Database): Promise<StoredTag[]> {
  return database.query<StoredTag>(`select ${columns} from tag order by name`);
}

/** false when there is none. */
export async function deleteTag(database: Database, name: string): Promise<boolean> {
  return (await database.query('delete from tag where name = $1 returning name', [name])).length > 0;
}
