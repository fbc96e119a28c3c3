// tidemark export, and the import of Identity Manager's appsettings, on a real stack.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cookiesIn, seenBy } from '../../support/exporting.ts';
import type { CliStack } from '../stack.ts';
import { stack } from './stack.ts';

const settings = '{ attributes: [id, displayName, mail], export: { directory: out/ExportOutput } }';
const at = (...names: string[]): string => path.join(stack.directory, ...names);

async function applied(name: string, more: Parameters<CliStack['write']>[1] = {}): Promise<void> {
  const file = stack.write(name, { connector: 'identity-manager', settings, ...more });
  expect(await stack.call(['apply', '-f', file])).toMatchObject({ code: 0 });
}

export function exportVerb(): void {
  test('a run writes the set of its connection, and export writes another one where it is told to: complete, then what changed', async () => {
    await applied('csv');
    const first = await stack.call(['export', 'csv', '--to', 'there', '--json']);
    expect(first).toMatchObject({ code: 0 });
    const told = JSON.parse(first.stdout) as {
      directory: string;
      run: number;
      set: string;
      reason: string;
      files: { file: string; rows: number }[];
    };
    expect(told).toMatchObject({ directory: at('there'), set: 'complete', reason: 'first set' });
    expect(told.files.map(({ file }) => file)).toEqual([
      'csv_directoryobjects.csv',
      'csv_members_group.csv',
      'csv_owners_group.csv',
      'csv_members_directoryRole.csv',
      'csv_owners_servicePrincipal.csv',
    ]);
    expect(seenBy(at('there'), 'csv')?.manifest).toMatchObject({ run: told.run });
    expect(Object.keys(cookiesIn(at('there', 'ExportCookies'), 'csv')).sort()).toEqual([
      'directoryRole',
      'group',
      'servicePrincipal',
      'user',
    ]);
    // The connection's own, by the worker.
    const own = at('.tidemark', 'exports', 'out', 'ExportOutput');
    expect(seenBy(own, 'csv')?.manifest).toMatchObject({ run: told.run, set: 'complete' });
    expect(Object.keys(cookiesIn(at('.tidemark', 'exports', 'out', 'ExportCookies'), 'csv'))).toHaveLength(4);
    expect(statSync(path.join(own, 'csv_directoryobjects.csv')).mode & 0o007).toBe(0);

    await stack.simulator.mutate(20);
    const second = await stack.call(['export', 'csv', '--to', 'there']);
    expect(second).toMatchObject({ code: 0 });
    expect(second.stdout).toContain(`incremental set (changes since run ${told.run}) in ${at('there')}`);
    expect(seenBy(at('there'), 'csv')?.manifest).toMatchObject({ set: 'incremental', since: told.run });
    expect(seenBy(own, 'csv')?.manifest).toMatchObject({ set: 'incremental', since: told.run });

    const third = await stack.call(['export', 'csv', '--to', 'there', '--ignore-cookies', '--output', 'csv']);
    expect(third.stdout.split('\n')[0]).toBe('file,rows,insert,update,delete,bytes');
    expect(seenBy(at('there'), 'csv')?.manifest).toMatchObject({ set: 'complete', reason: 'full pull' });
    expect(JSON.parse((await stack.call(['logs', 'csv', '--json'])).stdout)).toEqual(
      expect.arrayContaining([expect.objectContaining({ message: `The files of run ${told.run} were written.` })]),
    );
  });

  test('held removals publish nothing: exit 5, and the set before stands', async () => {
    await applied('guarded');
    expect(await stack.call(['export', 'guarded', '--to', 'guarded'])).toMatchObject({ code: 0 });
    const before = seenBy(at('guarded'), 'guarded');
    const ids: string[] = [];
    for await (const { id } of stack.simulator.truth('users', ['id'])) ids.push(String(id));
    await stack.simulator.mutate(ids.slice(0, 60).map((id) => ({ do: 'deleteUser', id })));
    const ended = await stack.call(['export', 'guarded', '--to', 'guarded']);
    expect(ended).toMatchObject({ code: 5, stdout: '' });
    expect(ended.stderr).toContain('No files were written: removals are held.');
    expect(seenBy(at('guarded'), 'guarded')).toEqual(before);
  });

  test.each([
    ['no directory', ['export', 'fresh'], 2, '--to'],
    ['a connection that is not there', ['export', 'nobody', '--to', 'x'], 2, 'There is no connection "nobody".'],
    ['a connector without files', ['export', 'plain', '--to', 'x'], 2, 'has no files'],
    ['a directory that cannot be made', ['export', 'fresh', '--to', 'csv.yaml/x'], 1, 'EXPORT_FAILED'],
  ])('%s is refused', async (_what, words, code, said) => {
    await applied('fresh');
    await applied('plain', { connector: 'entra-devices', settings: '{}' });
    const ended = await stack.call(words);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toContain(said);
  });

  test("a run whose directory is not below the worker's is partial, and says what to change", async () => {
    await applied('outside', { settings: '{ export: { directory: ../../outside } }' });
    const ended = await stack.call(['run', 'outside', '--wait', '--json']);
    expect(ended.code).toBe(4);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      verdict: 'partial',
      error: { code: 'CONFIG_INVALID', hint: expect.stringContaining('TIDEMARK_EXPORT_DIR') as string },
    });
  });

  test('appsettings are imported: the key is sealed, without a key file nothing is applied', async () => {
    const key = 'canary-8Q~imported';
    const entry = {
      ApplicationId: 'a1f6e8c2-7d3b-4f90-8b6e-52f0c9d4e7a3',
      ApplicationKey: key,
      TenantId: '6f0c1d1e-4c55-4d0b-9a59-3f1f6d5b2a11',
    };
    writeFileSync(at('appsettings.agent.json'), JSON.stringify({ Connections: { MicrosoftEntraIDExport: entry } }));
    const words = ['apply', '-f', 'appsettings.agent.json', '--skip-test'];
    const refused = await stack.call(words, { env: { TIDEMARK_SECRET_KEY_FILE: at('no.key') } });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('"tidemark secret set MicrosoftEntraIDExport/ApplicationKey -f appsettings.agent.json" makes the key');

    const made = await stack.call(['secret', 'set', 'MicrosoftEntraIDExport/ApplicationKey', '-f', 'appsettings.agent.json'], {
      stdin: 'another',
    });
    expect(made).toMatchObject({ code: 0 });
    const done = await stack.call(words);
    expect(done).toMatchObject({ code: 0 });
    expect(done.stderr).toContain('Its ApplicationKey is kept as secret:MicrosoftEntraIDExport/ApplicationKey');
    const secrets = await stack.call(['secret', 'list', '--json']);
    expect(JSON.parse(secrets.stdout)).toEqual([expect.objectContaining({ name: 'MicrosoftEntraIDExport/ApplicationKey' })]);
    const shown = await stack.call(['get', 'MicrosoftEntraIDExport', '--json']);
    for (const { stdout, stderr } of [refused, made, done, secrets, shown]) expect(stdout + stderr).not.toContain(key);
    expect(readFileSync(at('appsettings.agent.json'), 'utf8')).toContain(key);
  });
}
