// The rules of the house: who may import whom by value, who reads the environment, and that every file says what it is.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const src = path.join(root, 'src');

/** Value imports; type imports are free. A part is a folder of src or a file beside them; "libraries" are packages and node: modules. */
const allowed: Record<string, readonly string[]> = {
  errors: [],
  model: [],
  failpoint: ['errors'],
  config: ['errors', 'failpoint', 'stack/stackFile', 'libraries'],
  log: ['clients/redact', 'libraries'],
  workflows: ['@temporalio/workflow', '@temporalio/common', 'errors', 'model', 'mappings', 'luxon'],
  // re2js: patterns that people write run in linear time. It is pure, and no workflow loads it.
  mappings: ['errors', 'model', 'node:crypto', 're2js'],
  query: ['errors', 'model', 'connectors', 'mappings', 'libraries'],
  connectors: ['mappings', 'errors', 'model', 'libraries'],
  clients: ['errors', 'model', 'workflows/ids', 'workflows/messages', 'libraries'],
  store: ['errors', 'model', 'failpoint', 'libraries'],
  pull: ['errors', 'model', 'failpoint', 'connectors', 'mappings', 'query', 'clients', 'store', 'libraries'],
  files: ['libraries'],
  exports: ['clients/thrown', 'errors', 'failpoint', 'files', 'connectors', 'mappings', 'store', 'libraries'],
  fulfil: ['errors', 'failpoint', 'files', 'connectors', 'mappings', 'clients', 'store', 'pull/guard', 'libraries'],
  reconcile: ['errors', 'connectors', 'clients', 'store', 'workflows/ids', 'workflows/messages', 'libraries'],
  checks: ['errors', 'model', 'connectors', 'clients'],
  activities: [
    'errors',
    'log',
    'metrics',
    'model',
    'failpoint',
    'connectors',
    'mappings',
    'clients',
    'store',
    'pull',
    'exports',
    'fulfil',
    'reconcile',
    'checks',
    'workflows/ids',
    'workflows/messages',
    'libraries',
  ],
  stack: ['errors', 'model', 'config', 'clients/codec', 'clients/schedules', 'clients/secrets', 'store', 'workflows/ids', 'libraries'],
  cli: [
    'errors',
    'model',
    'config',
    'log',
    'connectors',
    'mappings',
    'query',
    'clients',
    'store',
    'pull',
    'files',
    'exports',
    'fulfil',
    'reconcile',
    'stack',
    'workflows/decide',
    'workflows/ids',
    'workflows/messages',
    'worker',
    '../simulator',
    'libraries',
  ],
  worker: [
    'clients/codec',
    'clients/schedules',
    'clients/token',
    'errors',
    'config',
    'failpoint',
    'log',
    'metrics',
    'store',
    'activities',
    'stack/version',
    'stack/workflowBundle',
    'workflows/ids',
    'libraries',
  ],
  metrics: [],
};

interface Import {
  readonly file: string;
  readonly from: string;
}

const filesOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(directory, name));

const sources = filesOf(src);
const textOf = (file: string): string => readFileSync(file, 'utf8');
const nameOf = (file: string): string => path.relative(root, file);

/** Every specifier that stays when types are stripped, dynamic imports included. */
function valueImports(text: string): string[] {
  const specifiers: string[] = [];
  for (const [, clause = '', from = ''] of text.matchAll(/^(?:import|export)\s+([^'";]*?\sfrom\s+)?'([^']+)'/gms)) {
    const names = /\{([^}]*)\}/s.exec(clause)?.[1];
    const types =
      clause.startsWith('type ') ||
      (names !== undefined && !/^\s*\w/.test(clause.replace(/\{[^}]*\}/s, '').replace('from', '')) && everyIsType(names));
    if (!types) specifiers.push(from);
  }
  for (const [, from = ''] of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) specifiers.push(from);
  return specifiers;
}

const everyIsType = (names: string): boolean =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .every((name) => name.startsWith('type '));

/** `src/store/page.ts` belongs to `store`, `src/config.ts` to `config`. */
const partOf = (relative: string): string => relative.split('/')[0]?.replace(/\.ts$/, '') ?? '';

/** What a specifier names: a path below src without extension, `../simulator/…`, or a package. */
function targetOf(file: string, from: string): string {
  if (!from.startsWith('.')) return from;
  return path.relative(src, path.resolve(path.dirname(file), from)).replace(/\.ts$/, '');
}

function isAllowed(part: string, target: string, relative: boolean): boolean {
  if (relative && partOf(target) === part) return true;
  return (allowed[part] ?? []).some((rule) => rule === target || target.startsWith(`${rule}/`) || (rule === 'libraries' && !relative));
}

test('the reader of imports tells values from types', () => {
  const text = [
    `import { a } from './a.ts';`,
    `import type { B } from './b.ts';`,
    `import { type C } from './c.ts';`,
    `import {\n  type D,\n  d,\n} from './d.ts';`,
    `import e, { type E } from './e.ts';`,
    `export { f } from './f.ts';`,
    `export type { G } from './g.ts';`,
    `import './h.ts';`,
    `const i = await import('./i.ts');`,
    `export * from './j.ts';`,
  ].join('\n');
  expect(valueImports(text)).toEqual(['./a.ts', './d.ts', './e.ts', './f.ts', './h.ts', './j.ts', './i.ts']);
});

test('every part of src has its rule', () => {
  const parts = new Set(sources.map((file) => partOf(path.relative(src, file))));
  expect([...parts].filter((part) => !(part in allowed))).toEqual([]);
  expect(Object.keys(allowed).filter((part) => !parts.has(part))).toEqual([]);
});

test('values are imported only along the rules', () => {
  const broken = sources.flatMap((file) =>
    valueImports(textOf(file))
      .filter((from) => !isAllowed(partOf(path.relative(src, file)), targetOf(file, from), from.startsWith('.')))
      .map((from): Import => ({ file: nameOf(file), from })),
  );
  expect(broken).toEqual([]);
});

test('no file imports itself by way of others', () => {
  const imports = new Map(
    sources.map((file) => [
      file,
      valueImports(textOf(file))
        .filter((from) => from.startsWith('.'))
        .map((from) => path.resolve(path.dirname(file), from)),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].map(nameOf).join(' > '));
    if (done.has(file) || trail.includes(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  expect(cycles).toEqual([]);
});

test('only src/config.ts reads the environment', () => {
  expect(sources.filter((file) => /\bprocess\.env\b/.test(textOf(file))).map(nameOf)).toEqual(['src/config.ts']);
});

test('every file opens with what it is', () => {
  const all = ['src', 'simulator', 'test', 'bench', 'scripts'].flatMap((folder) => filesOf(path.join(root, folder)));
  expect(all.filter((file) => !/^\/\/ \S.{20,}/.test(textOf(file))).map(nameOf)).toEqual([]);
});
