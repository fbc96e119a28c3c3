// `changes` from the command line on a real stack: what the first run added, what a delta changed, from where on, for whom, and as what.
import { expectedChanges, tenantState, type TenantState, toldChanges, type ToldLine } from '../../support/changes.ts';
import { stack } from './stack.ts';

interface Line extends ToldLine {
  readonly run: string;
  readonly at: string;
  readonly connection: string;
  readonly stream: string;
}

const state = (): Promise<TenantState> => tenantState((name, select) => stack.simulator.truth(name, select));
const changes = async (...words: string[]): Promise<Line[]> =>
  JSON.parse((await stack.call(['changes', ...words, '--json', '--limit', '100000'])).stdout) as Line[];
async function run(): Promise<string> {
  const ended = await stack.call(['run', 'contoso', '--wait', '--json']);
  expect(ended).toMatchObject({ code: 0 });
  return (JSON.parse(ended.stdout) as { run: string }).run;
}

export function changesVerb(): void {
  test('a pull, a changed tenant, a delta: what changed is told, since a run, a time or for a query', async () => {
    stack.write('contoso', { profiles: 'profiles: [{ name: default, streams: [users, groups, roles, appRoleAssignments] }]' });
    expect((await stack.call(['apply', '-f', 'contoso.yaml'])).code).toBe(0);
    const first = await run();
    const before = await state();
    const added = await changes();
    expect(added.filter(({ class: of }) => of === 'user')).toHaveLength(before.users.size);
    expect(new Set(added.map((line) => `${line.run} ${line.change} ${line.paths.length}`))).toEqual(new Set([`${first} added 0`]));

    await stack.simulator.mutate(60);
    const user = [...before.users.keys()].at(-1) ?? '';
    const resource = String((await stack.simulator.truth('servicePrincipals', ['id']).next()).value?.['id']);
    await stack.simulator.mutate([
      { do: 'addAppRoleAssignment', resource, principal: user },
      { do: 'updateUser', id: user, set: { jobTitle: '=cmd()', displayName: 'Ana Ünal' } },
    ]);
    const second = await run();
    const after = await state();
    const told = await changes('--since', first);
    expect(toldChanges(told)).toEqual(expectedChanges(before, after));
    expect(told.find(({ id }) => id === user)).toEqual({
      run: second,
      at: expect.any(String) as string,
      connection: 'contoso',
      stream: 'users',
      class: 'user',
      id: user,
      change: 'changed',
      paths: expect.arrayContaining([
        { path: 'asset.assetDetail.name', before: before.users.get(user)?.['displayName'], after: 'Ana Ünal' },
        {
          path: 'asset.assetDetail.userAssetClass.permissions[]',
          before: null,
          after: { id: expect.any(String) as string, name: 'Ana Ünal', resource: expect.any(String) as string },
        },
      ]) as Line['paths'],
    });

    // Quiet: nothing to tell.
    await run();
    expect(await changes('--since', second)).toEqual([]);
    const ids = async (...words: string[]): Promise<string[]> => (await changes(...words)).map(({ id }) => id);
    expect(await ids('--since', first.split(':')[1] ?? '')).toEqual(told.map(({ id }) => id));
    expect(await ids('--since', told[0]?.at ?? '')).toEqual(told.map(({ id }) => id));
    expect(await ids('--since', 'now-1d')).toHaveLength(added.length + told.length);
    expect(await ids('name:"Ana Ünal"', '--since', first)).toEqual([user]);
    expect(await ids('--class', 'group', '--since', first)).toEqual(told.filter((line) => line.class === 'group').map(({ id }) => id));
    expect(await ids('--connection', 'other')).toEqual([]);

    const as = async (format: string): Promise<string> =>
      (await stack.call(['changes', 'name:"Ana Ünal"', '--since', first, '--output', format])).stdout;
    expect((await as('ndjson')).trim().split('\n')).toHaveLength(1);
    const [head, row] = (await as('csv')).split('\n');
    expect(head).toBe('run,at,class,id,change,paths');
    expect(row).toContain(`~ asset.assetDetail.name: `);
    expect(await as('table')).toMatch(new RegExp(`^run +at +class +id +change +paths\n${second} .+ user +${user} +changed +~ asset`));
    const limited = await stack.call(['changes', '--limit', '1']);
    expect(limited.stdout.trim().split('\n')).toHaveLength(2);
    expect(limited.stderr).toContain('There are more than 1; --limit shows more.');
  });

  test.each([
    [['--since', 'yesterday'], '"yesterday" is neither a run nor a time.'],
    [['--since', 'contoso:x'], '"contoso:x" is neither a run nor a time.'],
    [['--class', 'person'], 'There is no asset class "person".'],
    [['(open'], 'At position'],
  ])('%j is refused', async (words, message) => {
    const refused = await stack.call(['changes', ...words]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(message);
  });
}
