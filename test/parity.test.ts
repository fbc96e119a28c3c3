// docs/parity.md names verbs and keys that exist.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { connectors } from '../src/connectors/index.ts';
import { connectionInput } from '../src/connectors/input.ts';
import { type CommandLine, openCommandLine } from './cli/tidemark.ts';

const page = readFileSync(path.join(import.meta.dirname, '../docs/parity.md'), 'utf8');
const named = [...new Set([...page.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text))];
const verbs = named.filter((text) => text.startsWith('tidemark '));
test('it names verbs', () => expect(verbs.length).toBeGreaterThan(15));

const isConnector = (text: string): boolean =>
  connectors.some(({ name, streams }) => name === text || streams.some((stream) => stream.name === text));

let commandLine: CommandLine;
beforeAll(() => {
  commandLine = openCommandLine();
});
afterAll(() => commandLine.stop());

test.each(verbs)('"%s" is a verb with these options', async (text) => {
  const words = text.split(' ').slice(1);
  const end = words.findIndex((word) => !/^[a-z]/.test(word) || word.includes(':') || word.includes('entra-') || isConnector(word));
  const verb = end === -1 ? words : words.slice(0, end);
  const { code, stdout } = await commandLine.call([...verb, '--help']);
  expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(`^Usage: tidemark ${verb.join(' ')} `)]);
  for (const option of words.filter((word) => word.startsWith('-'))) expect(stdout).toContain(option);
});

type Schema = { readonly properties?: Record<string, Schema>; readonly items?: Schema; readonly anyOf?: readonly Schema[] };
const schema = z.toJSONSchema(connectionInput, { io: 'input', unrepresentable: 'any' }) as Schema;
const settings = new Set(
  connectors.flatMap((connector) => [...Object.keys(connector.settings.parse({})), ...Object.keys(connector.refusedSettings ?? {})]),
);
const keys = named.filter((text) => !text.startsWith('tidemark ') && !text.startsWith('test/') && !isConnector(text));

test.each(keys)('"%s" is a key of a connection file', (text) => {
  const [, setting] = /^settings\.(\w+)$/.exec(text) ?? [];
  if (setting !== undefined) return expect([...settings]).toContain(setting);
  const found = text.split('.').reduce<Schema | undefined>((at, step) => {
    const next = at?.properties?.[step.replace('[]', '')];
    return step.endsWith('[]') ? next?.items : next;
  }, schema);
  expect(found).toBeDefined();
});
