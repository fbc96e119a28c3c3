// Tags from the command line on a real stack: applied beside a connection, used, changed, refused while in use, removed.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../support/waiting.ts';
import { stack } from './stack.ts';

const write = (file: string, text: string): string => {
  writeFileSync(path.join(stack.directory, file), text);
  return file;
};
const tag = (query: string): string => `kind: tag\nname: Chosen\nquery: ${query}\ncriticality: 4\n`;
const json = async <T>(words: readonly string[]): Promise<T> => JSON.parse((await stack.call([...words, '--json'])).stdout) as T;
const listed = (state: string): Promise<unknown[]> => json(['assets', '--class', 'host', '--state', state, '--limit', '5000']);

export function tagsVerbs(): void {
  test('hosts are listed by tags, from the file to the inventory', async () => {
    expect(await json(['tags', 'list'])).toEqual([]);
    const file = stack.write('devices', { connector: 'entra-devices', settings: '{ includeTags: [Chosen] }' });
    const refused = await stack.call(['apply', '-f', file]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(`${file}:1:1 settings.includeTags: names the tag "Chosen", which does not exist`);

    write('tag.yaml', tag('hostAssetClass.operatingSystem:Windows'));
    expect(
      (await json<{ name: string; change: string; kind: string }[]>(['apply', '-f', 'tag.yaml', '-f', file])).map(
        ({ kind, name, change }) => [kind, name, change],
      ),
    ).toEqual([
      ['tag', 'Chosen', 'created'],
      ['connection', 'devices', 'created'],
    ]);
    const run = await stack.call(['run', 'devices', '--wait', '--json']);
    expect(run.code).toBe(0);
    const { run: number, streams } = JSON.parse(run.stdout) as {
      run: string;
      streams: [{ read: number; added: number; excluded: number }];
    };
    const shown = (await stack.call(['run-report', number, '--output', 'csv'])).stdout.split(/\r?\n/).map((line) => line.split(','));
    expect(shown[1]?.[shown[0]?.indexOf('excluded') ?? -1]).toBe(String(streams[0].excluded));
    expect(streams[0].read).toBe(streams[0].added + streams[0].excluded);
    expect(await listed('live')).toHaveLength(streams[0].added);
    expect(await listed('excluded')).toHaveLength(streams[0].excluded);

    // Nobody asks for the run that judges them anew.
    write('tag.yaml', tag('hostAssetClass.operatingSystem:nosuch'));
    const changed = await stack.call(['tags', 'apply', '-f', 'tag.yaml']);
    expect(changed).toMatchObject({ code: 0 });
    expect(changed.stderr).toContain('devices: its hosts are judged by the changed tags in a run of profile default');
    await eventually('all are excluded', 30_000, async () => ((await listed('live')).length === 0 ? true : null));

    expect(await stack.call(['tags', 'rm', 'Chosen'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is in use: devices') as string,
    });
    expect(await json(['tags', 'show', 'Chosen'])).toMatchObject({ name: 'Chosen', criticality: 4, usedBy: ['devices'] });
    stack.write('devices', { connector: 'entra-devices' });
    await stack.call(['apply', '-f', file]);
    expect((await stack.call(['run', 'devices', '--wait'])).code).toBe(0);
    expect(await listed('live')).toHaveLength(streams[0].read);
    expect(await stack.call(['tags', 'rm', 'Chosen'])).toMatchObject({ code: 0, stdout: 'tag "Chosen" removed\n' });
    expect(await json(['tags', 'list'])).toEqual([]);
  });

  test.each([
    ['name:(open', 'tag.yaml:3:8 query: At position 6 the query'],
    ['lastChanged:>now-1d', 'tag.yaml:3:8 query: A tag cannot ask for "lastChanged"'],
  ])('a tag "%s" is refused with its place', async (query, told) => {
    write('tag.yaml', `kind: tag\nname: Bad\nquery: ${query}\n`);
    const refused = await stack.call(['tags', 'apply', '-f', 'tag.yaml']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(told);
  });
}
