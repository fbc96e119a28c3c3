// Transform maps and data models from the command line: listed, shown as a file, and tried on what a real stack has pulled.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readMapFile } from '../../src/connectors/mapFile.ts';
import { builtInMaps } from '../../src/mappings/maps/index.ts';
import { type CliStack, startCliStack } from './stack.ts';
import { tidemark } from './tidemark.ts';

const shown = async (words: readonly string[]): Promise<unknown> => JSON.parse((await tidemark([...words, '--json'])).stdout);

describe('without any server', () => {
  test('maps are listed, and each is shown as a file that is read again', async () => {
    expect(await shown(['maps', 'list'])).toMatchObject(builtInMaps.map(({ name }) => ({ name, builtIn: true, target: 'asset' })));
    const { stdout, code } = await tidemark(['maps', 'show', 'entra-devices/devices']);
    expect(code).toBe(0);
    expect(readMapFile({ file: 'stdout', text: stdout })).toMatchObject({ problems: [], maps: [{ name: 'entra-devices/devices' }] });
    expect(await tidemark(['maps', 'show', 'nosuch'])).toMatchObject({ code: 2, stdout: '' });
  });

  test('models are listed, and shown with their fields and types', async () => {
    const names = z.array(z.looseObject({ name: z.string() })).parse(await shown(['models', 'list']));
    expect(names.map(({ name }) => name)).toContain('microsoft.graph.user');
    expect(await shown(['models', 'show', 'microsoft.graph.device'])).toMatchObject({
      side: 'source',
      streams: ['entra-devices/devices'],
      fields: expect.arrayContaining([{ field: 'isCompliant', type: 'boolean' }]) as unknown,
    });
    const refused = await tidemark(['models', 'show', 'aset']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('There is no data model "aset", did you mean "asset"?');
  });
});

describe('preview', () => {
  let stack: CliStack;
  beforeAll(async () => {
    stack = await startCliStack({ worker: true });
  }, 120_000);
  afterAll(() => stack?.stop(), 60_000);

  const preview = z.array(
    z.object({
      id: z.string(),
      document: z.json(),
      reason: z.string().nullable(),
      changes: z.array(z.object({ path: z.string(), from: z.json().optional(), to: z.json().optional() })),
    }),
  );

  test('a changed map is tried on stored records, and nothing is written', async () => {
    await stack.call(['apply', '-f', stack.write('contoso')]);
    const { stdout: text } = await tidemark(['maps', 'show', 'entra-identity/users']);
    const file = path.join(stack.directory, 'users.map.yaml');
    const of = async (changed: string) => {
      writeFileSync(file, changed);
      return preview.parse(
        JSON.parse((await stack.call(['maps', 'preview', '-f', file, '--connection', 'contoso', '--limit', '5', '--json'])).stdout),
      );
    };
    const before = await stack.call(['maps', 'preview', '-f', '-', '--connection', 'contoso'], { stdin: text });
    expect(before).toMatchObject({ code: 0, stdout: '' });
    expect(before.stderr).toContain('contoso has no record of users yet');
    expect((await stack.call(['run', 'contoso', '--wait'])).code).toBe(0);
    const assets = async () => (await stack.call(['assets', 'class:user', '--limit', '5', '--json'])).stdout;
    const listed = await assets();

    // As it is, with its relations: what is listed.
    const same = await of(text);
    expect(same.map(({ id, document, changes }) => ({ id, document, changes }))).toEqual(
      z
        .array(z.looseObject({ id: z.string(), document: z.json() }))
        .parse(JSON.parse(listed))
        .map(({ id, document }) => ({ id, document, changes: [] })),
    );

    const changed = await of(text.replace('from: jobTitle', 'from: userPrincipalName'));
    expect(changed).toHaveLength(5);
    for (const { changes } of changed) expect(changes.map((change) => change.path)).toEqual(['asset.assetDetail.userAssetClass.jobTitle']);

    // A field that was never pulled is empty, and said to be; where it is required, each record is refused with the reason.
    const employee = '\n  - { from: employeeId, to: asset.assetDetail.typedAttributes.employee, required: true }\n';
    writeFileSync(file, text.trimEnd() + employee);
    const table = await stack.call(['maps', 'preview', '-f', file, '--connection', 'contoso', '--limit', '2']);
    expect(table.code).toBe(0);
    expect(table.stderr).toContain('Not pulled yet, and so empty here: employeeId.');
    expect(table.stderr).toContain('There are more than 2');
    expect(table.stdout.match(/refused: .*"asset.assetDetail.typedAttributes.employee" is required/g)).toHaveLength(2);
    expect(await assets()).toBe(listed);
  }, 180_000);

  test('a map with mistakes, or of another connector, is refused', async () => {
    const file = path.join(stack.directory, 'users.map.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('from: mail\n', 'from: mial\n'));
    const refused = await stack.call(['maps', 'preview', '-f', file, '--connection', 'contoso']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/users\.map\.yaml:\d+:\d+ rows\.\d+\.from: is no field of the source model, did you mean "mail"\?/);
    const { stdout: devices } = await tidemark(['maps', 'show', 'entra-devices/devices']);
    const other = await stack.call(['maps', 'preview', '-f', '-', '--connection', 'contoso'], { stdin: devices });
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toContain('The map is of entra-devices, and contoso is a connection of entra-identity.');
    const many = await stack.call(['maps', 'preview', '-f', file, '--connection', 'contoso', '--limit', '1001']);
    expect(many).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--limit is at most 1000') as string });
  }, 60_000);
});
