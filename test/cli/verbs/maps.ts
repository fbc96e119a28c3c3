// Transform maps and data models from the command line: listed, shown as a file, and tried on what a real stack has pulled.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { builtInMaps } from '../../../src/mappings/maps/index.ts';
import { readMaps } from '../../support/mapFiles.ts';
import { eventually } from '../../support/waiting.ts';
import { stack } from './stack.ts';
import { tidemark } from '../tidemark.ts';

const shown = async (words: readonly string[]): Promise<unknown> => JSON.parse((await tidemark([...words, '--json'])).stdout);

export function mapsVerbs(): void {
  describe('without any server', () => {
    test('a built-in map is shown as a file that is read again', async () => {
      const { stdout, code } = await tidemark(['maps', 'show', 'entra-devices/devices']);
      expect(code).toBe(0);
      expect(readMaps(stdout)).toMatchObject({ problems: [], maps: [{ name: 'entra-devices/devices' }] });
      expect(await tidemark(['maps', 'show', 'entra-identity/nosuch'])).toMatchObject({ code: 2, stdout: '' });
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
      const { stdout: text } = await stack.call(['maps', 'show', 'entra-identity/users']);
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
      for (const { changes } of changed)
        expect(changes.map((change) => change.path)).toEqual(['asset.assetDetail.userAssetClass.jobTitle']);

      // A field that was never pulled is empty, and said to be; where it is required, each record is refused with the reason.
      const employee =
        '\n  - { from: employeeId, to: asset.assetDetail.typedAttributes.employee, required: true }\n  - { from: "memberOf.value[].mailNickname", of: "#microsoft.graph.group", to: "asset.assetRelations[].assetDetail.typedAttributes.nick" }\n';
      writeFileSync(file, text.trimEnd() + employee);
      const table = await stack.call(['maps', 'preview', '-f', file, '--connection', 'contoso', '--limit', '2']);
      expect(table.code).toBe(0);
      expect(table.stderr).toContain('Not pulled yet, and so empty here: employeeId, memberOf.value[].mailNickname.');
      expect(table.stderr).toContain('There are more than 2');
      expect(table.stdout.match(/refused: .*"asset.assetDetail.typedAttributes.employee" is required/g)).toHaveLength(2);

      // So is one whose value a function cannot take; others go through it.
      const functions =
        '\n  - { from: displayName, to: asset.assetDetail.typedAttributes.since, function: { name: DATE } }\n' +
        '  - { from: userPrincipalName, to: asset.assetDetail.typedAttributes.domain, function: { name: REGEX, pattern: "@(.+)$", result: $1 } }\n';
      const refused = await of(text.trimEnd() + functions);
      expect(refused.map(({ reason }) => reason)).toEqual(
        refused.map(() => '"asset.assetDetail.typedAttributes.since": DATE cannot take the value of "displayName".'),
      );
      const given = await of(text.trimEnd() + functions.replace('from: displayName', 'from: lastPasswordChangeDateTime'));
      expect(given).toHaveLength(5);
      const attributes = { since: expect.stringMatching(/^2.*Z$/) as unknown, domain: expect.stringMatching(/^[^@]+\.[^@]+$/) as unknown };
      for (const { document } of given) expect(document).toMatchObject({ asset: { assetDetail: { typedAttributes: attributes } } });
      expect(await assets()).toBe(listed);
    }, 180_000);

    test('a map with mistakes, or of another connector, is refused', async () => {
      const file = path.join(stack.directory, 'users.map.yaml');
      writeFileSync(file, readFileSync(file, 'utf8').replace('from: mail\n', 'from: mial\n'));
      const refused = await stack.call(['maps', 'preview', '-f', file, '--connection', 'contoso']);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/users\.map\.yaml:\d+:\d+ rows\.\d+\.from: is no field of the source model, did you mean "mail"\?/);
      const { stdout: devices } = await stack.call(['maps', 'show', 'entra-devices/devices']);
      const other = await stack.call(['maps', 'preview', '-f', '-', '--connection', 'contoso'], { stdin: devices });
      expect(other).toMatchObject({ code: 2, stdout: '' });
      expect(other.stderr).toContain('The map is of entra-devices, and contoso is a connection of entra-identity.');
      const many = await stack.call(['maps', 'preview', '-f', file, '--connection', 'contoso', '--limit', '1001']);
      expect(many).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--limit is at most 1000') as string });
    }, 60_000);
  });

  describe("a map of one's own", () => {
    const file = () => path.join(stack.directory, 'mine.map.yaml');
    const change = (from: string, to: string): void => writeFileSync(file(), readFileSync(file(), 'utf8').replace(from, to));
    const list = z.array(z.looseObject({ name: z.string(), builtIn: z.boolean(), usedBy: z.array(z.string()) }));
    const runs = z.array(z.looseObject({ run: z.string(), mode: z.string().nullable(), verdict: z.string().nullable() }));
    const titles = async (): Promise<string[]> => {
      const found = z.array(
        z.looseObject({
          document: z.looseObject({
            asset: z.looseObject({
              assetDetail: z.looseObject({
                userAssetClass: z.looseObject({ jobTitle: z.string().optional(), name: z.string().optional() }),
              }),
            }),
          }),
        }),
      );
      const { stdout } = await stack.call(['assets', 'class:user', '--connection', 'custom', '--limit', '50', '--json']);
      return found.parse(JSON.parse(stdout)).map(({ document }) => {
        const { jobTitle, name } = document.asset.assetDetail.userAssetClass;
        return jobTitle === name ? 'name' : jobTitle === undefined ? 'none' : 'other';
      });
    };
    const lastRun = async (mode: string) =>
      eventually(`a run of mode ${mode} has ended`, 60_000, async () => {
        const [last] = runs.parse(JSON.parse((await stack.call(['runs', 'custom', '--json'])).stdout));
        return last?.mode === mode && last.verdict === 'complete' ? last : null;
      });

    test('is cloned, applied with a connection that names it, changed, and removed when nobody uses it', async () => {
      const clone = await stack.call(['maps', 'clone', 'entra-identity/users', 'mine']);
      writeFileSync(file(), clone.stdout);
      change('from: jobTitle', 'from: displayName');
      writeFileSync(
        file(),
        `${readFileSync(file(), 'utf8')}  - { to: asset.assetDetail.typedAttributes.by, function: { name: CONSTANT, value: mine } }\n`,
      );
      expect((await stack.call(['maps', 'diff', '-f', file()])).stdout).toContain('mine: would be created');
      const connection = stack.write('custom', { profiles: 'profiles: [{ name: default, streams: [users], maps: { users: mine } }]' });
      const early = await stack.call(['apply', '-f', connection]);
      expect(early).toMatchObject({ code: 2, stdout: '' });
      expect(early.stderr).toContain('profiles.0.maps.users: names a transform map that does not exist');
      // Both in one call, the map second.
      const applied = await stack.call(['apply', '-f', connection, file(), '--json']);
      expect(JSON.parse(applied.stdout)).toMatchObject([
        { kind: 'map', name: 'mine', change: 'created' },
        { kind: 'connection', name: 'custom', change: 'created' },
      ]);
      expect((await stack.call(['run', 'custom', '--wait'])).code).toBe(0);
      expect(new Set(await titles())).toEqual(new Set(['name']));
      // What only this map fills is a field of queries.
      const found = await stack.call(['assets', 'typedAttributes.by:mine', '--limit', '1', '--json']);
      expect(JSON.parse(found.stdout)).toMatchObject([{ connection: 'custom' }]);
      const listed = list.parse(JSON.parse((await stack.call(['maps', 'list', '--json'])).stdout));
      expect(listed.map(({ name, builtIn, usedBy }) => ({ name, builtIn, usedBy }))).toEqual([
        ...builtInMaps.map(({ name }) => ({ name, builtIn: true, usedBy: [] })),
        { name: 'mine', builtIn: false, usedBy: ['custom'] },
      ]);

      // Nothing new is read: what is stored is mapped again, at once.
      change(
        'from: displayName\n    type: string\n    to: asset.assetDetail.userAssetClass.jobTitle',
        'from: userPrincipalName\n    type: string\n    to: asset.assetDetail.userAssetClass.jobTitle',
      );
      const difference = await stack.call(['maps', 'diff', '-f', file()]);
      expect(difference.stdout).toMatch(
        /^mine: would be changed\n {2}- from: displayName, type: string, to: (\S+)\n {2}\+ from: userPrincipalName, type: string, to: \1\n$/,
      );
      const remapped = await stack.call(['maps', 'apply', '-f', file()]);
      expect(remapped.stderr).toContain('custom: the stored records of users are mapped again in the next run of profile default.');
      await lastRun('remap');
      expect(new Set(await titles())).toEqual(new Set(['other']));

      // A field that was never pulled makes the next run full, and no run is asked for.
      change(
        'from: userPrincipalName\n    type: string\n    to: asset.assetDetail.userAssetClass.jobTitle',
        'from: employeeId\n    type: string\n    to: asset.assetDetail.userAssetClass.jobTitle',
      );
      const full = await stack.call(['apply', '-f', file()]);
      expect(full.stderr).toContain('custom: users is read in full by the next run of profile default (never selected: employeeId).');
      expect(full.stderr).not.toContain('was asked for');
      const run = await stack.call(['run', 'custom', '--wait', '--json']);
      expect(JSON.parse(run.stdout)).toMatchObject({ mode: 'full', reason: 'map changed', verdict: 'complete' });

      const used = await stack.call(['maps', 'rm', 'mine']);
      expect(used).toMatchObject({ code: 2, stdout: '' });
      expect(used.stderr).toContain('The map "mine" is in use: custom.');
      expect((await stack.call(['delete', 'custom', '--purge'])).code).toBe(0);
      expect(await stack.call(['maps', 'rm', 'mine'])).toMatchObject({ code: 0, stdout: 'map "mine" removed\n' });
      expect(await stack.call(['maps', 'show', 'mine'])).toMatchObject({ code: 2, stdout: '' });
    }, 240_000);

    test.each([
      ['a built-in map under its own name', (text: string) => text, 'is a name of built-in maps, which are read-only'],
      ['a tag among maps', () => 'kind: tag\nname: windows\nquery: class:host\n', 'is no map. Nothing was changed.'],
    ])('%s is refused', async (_, changed, reason) => {
      const { stdout } = await stack.call(['maps', 'show', 'entra-identity/users']);
      const refused = await stack.call(['maps', 'apply', '-f', '-'], { stdin: changed(stdout) });
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain(reason);
    });

    test.each(['entra-identity/mine', '1', '../mine', 'x'.repeat(65)])('"%s" is no name for a clone', async (name) => {
      expect(await stack.call(['maps', 'clone', 'entra-identity/users', name])).toMatchObject({ code: 2, stdout: '' });
    });
  });
}
