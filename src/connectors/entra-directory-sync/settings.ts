// The settings of Directory Sync (document 001, decision 18): which groups, what becomes of them, and what is said of changes.
import { z } from 'zod';
import { guid } from '../input.ts';

const longestName = 256;
const mostGroups = 1_000;
const longestNotification = 10_000;

/** The directory writes ids in lower case, and so does everything that is compared with them. */
const lowered = (text: string): string => (guid.test(text) ? text.toLowerCase() : text);

const group = z
  .string()
  .refine(
    (text) => guid.test(text) || new RegExp(`^(name|prefix):.{1,${longestName}}$`, 's').test(text),
    `is a group's id, name:NAME or prefix:BEGIN; names have at most ${longestName} characters, and case counts`,
  )
  .transform(lowered);

export const groups = z
  .union([z.literal('all'), z.array(group).min(1, 'must name a group, or be all').max(mostGroups, `has at most ${mostGroups} groups`)], {
    error: 'must be all, or a list of groups: an id, name:NAME or prefix:BEGIN',
  })
  .default('all');

const targets = z.array(z.string().regex(guid, "must be a target group's UUID")).min(1, 'must name a target group').max(100);

export const groupMap = z
  .record(z.string().min(1).max(longestName), targets)
  .refine((map) => Object.keys(map).length <= mostGroups, `has at most ${mostGroups} groups`)
  .transform((map) => Object.fromEntries(Object.entries(map).map(([key, value]) => [lowered(key), value])))
  .default({});

export const notification = z
  .record(z.string(), z.json())
  .refine((value) => JSON.stringify(value).length <= longestNotification, `has at most ${longestNotification} characters of JSON`)
  .default({});

/** YAML reads on and off as text, older readers as booleans: both are taken. */
export const events = z
  .union([z.enum(['on', 'off']), z.boolean()], { error: 'must be on or off' })
  .transform((value): 'on' | 'off' => (value === true || value === 'on' ? 'on' : 'off'))
  .default('on');

/** What a list of groups asks for. */
export interface GroupChoice {
  readonly ids: readonly string[];
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

/** null: all. */
export function groupChoice(setting: unknown): GroupChoice | null {
  if (!Array.isArray(setting)) return null;
  const texts = setting.filter((entry): entry is string => typeof entry === 'string');
  const after = (kind: string): string[] => texts.flatMap((text) => (text.startsWith(kind) ? [text.slice(kind.length)] : []));
  return { ids: texts.filter((text) => guid.test(text)), names: after('name:'), prefixes: after('prefix:') };
}
