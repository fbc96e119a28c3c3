// Queries against a real database: what is found, not what the SQL looks like.
import fc from 'fast-check';
import { TidemarkError } from '../../src/errors.ts';
import { compileQuery } from '../../src/query/compile.ts';
import { compileSearch } from '../../src/query/search.ts';
import { compiledMap } from '../../src/mappings/maps/index.ts';
import type { JsonObject } from '../../src/model.ts';
import { searchAssets } from '../../src/store/asset.ts';
import type { Database } from '../../src/store/database.ts';
import { type StartedStore, stores } from '../support/stores.ts';
import { anyText } from '../support/texts.ts';

const now = new Date('2026-11-02T12:00:00Z');

interface Sample {
  readonly stream: string;
  readonly id: string;
  readonly body: JsonObject;
  readonly firstSeen?: string;
  readonly gone?: boolean;
}

const samples: Sample[] = [
  {
    stream: 'users',
    id: 'u1',
    firstSeen: '2026-10-01T08:00:00Z',
    body: {
      displayName: 'Ana Ünal',
      userPrincipalName: 'ana@contoso.example',
      accountEnabled: true,
      jobTitle: 'Nurse',
      city: 'Köln',
      lastPasswordChangeDateTime: '2026-03-01T10:00:00Z',
    },
  },
  {
    stream: 'users',
    id: 'u2',
    firstSeen: '2026-10-31T08:00:00Z',
    body: {
      displayName: 'Bob 100%_\\ "q" (x)',
      userPrincipalName: 'bob@contoso.example',
      accountEnabled: false,
      jobTitle: 'nurse practitioner',
      lastPasswordChangeDateTime: '2026-03-02T23:59:59.5Z',
      mobilePhone: 42,
    },
  },
  {
    stream: 'users',
    id: 'u3',
    firstSeen: '2026-11-02T08:00:00Z',
    body: { displayName: 'and', userPrincipalName: "o'hara@fabrikam.example" },
  },
  { stream: 'users', id: 'u4', gone: true, body: { displayName: 'Gone', userPrincipalName: 'gone@contoso.example' } },
  { stream: 'groups', id: 'g1', body: { displayName: 'Nurses', visibility: 'Private', description: 'Ward 5' } },
  { stream: 'groups', id: 'g2', gone: true, body: { displayName: 'Closed', description: 'Ward 6' } },
  { stream: 'roles', id: 'r1', body: { displayName: 'Global Reader', description: 'Reads all', isEnabled: true } },
  { stream: 'appRoleAssignments', id: 's1', body: { displayName: 'Payroll' } },
];
const edges: [string, string, string, string, string, JsonObject | null][] = [
  ['groups', 'member', 'g1', 'u1', '', { '@odata.type': '#microsoft.graph.user' }],
  ['groups', 'member', 'g1', 'u4', '', null],
  ['groups', 'member', 'g2', 'u2', '', null],
  ['roles', 'roleMember', 'r1', 'g1', 'ra1', { directoryScopeId: '/' }],
  ['roles', 'roleMember', 'r1', 'u2', 'ra2', { directoryScopeId: '/' }],
  ['appRoleAssignments', 'appRoleAssignment', 's1', 'u2', 'aa1', { resourceDisplayName: 'Payroll', principalDisplayName: 'Bob' }],
];

async function fill(database: Database): Promise<void> {
  const spec = (connector: string): string => JSON.stringify({ connector });
  await database.query(`insert into connection (name, spec, spec_hash) values ('contoso', $1::jsonb, ''), ('other', $2::jsonb, '')`, [
    spec('entra-identity'),
    spec('unknown'),
  ]);
  const insert = async (connection: string, num: number, sample: Sample): Promise<void> => {
    const { stream, id, body, gone = false, firstSeen = '2026-01-01T00:00:00Z' } = sample;
    await database.query(
      `insert into record (connection, stream, num, id, body, hash, first_seen, tombstoned_at, changed_run) values ($1, $2, $3, $4, $5, '', $6, $7, 1)`,
      [connection, stream, num, id, JSON.stringify({ id, ...body }), firstSeen, gone ? firstSeen : null],
    );
    if (stream === 'appRoleAssignments') return;
    const map = compiledMap(`entra-identity/${stream}`);
    await database.query(`insert into asset (num, class, document, hash, map_hash) values ($1, $2, $3, '', '')`, [
      num,
      map.map.class,
      JSON.stringify(map.document({ id, ...body })),
    ]);
  };
  for (const [index, sample] of samples.entries()) await insert('contoso', index, sample);
  await insert('other', 100, { stream: 'users', id: 'x1', body: { displayName: 'Other', userPrincipalName: 'other@x.example' } });
  for (const [num, [stream, kind, from, to, key, properties]] of edges.entries()) {
    await database.query(
      `insert into edge (connection, stream, num, kind, from_id, to_id, key, properties) values ('contoso', $1, $2, $3, $4, $5, $6, $7)`,
      [stream, num, kind, from, to, key, properties === null ? null : JSON.stringify(properties)],
    );
  }
}

describe.each(stores.filter(([, , present]) => present))('on %s', (_name, start) => {
  let store: StartedStore;
  let database: Database;

  beforeAll(async () => {
    store = await start();
    ({ database } = store);
    await fill(database);
  }, 120_000);

  afterAll(() => store?.stop());

  async function find(text: string): Promise<string> {
    const query = compileQuery(text, { now, offset: 1 });
    const live = query.columns.has('state') ? '' : 'and r.tombstoned_at is null';
    const rows = await database.query<{ id: string }>(
      `select r.id from asset a join record r on r.num = a.num where $1 = 'first' ${live} and (${query.sql}) order by r.id`,
      ['first', ...query.params],
    );
    return rows.map((row) => row.id).join(' ');
  }

  /** As the verb searches, by whatever ways there are, and place by place. */
  async function search(text: string, byWays: boolean): Promise<string> {
    const { where, places, ways } = compileSearch(text, { now });
    const found: string[] = [];
    for (const scope of where.columns.has('state') ? (['live', 'tombstoned'] as const) : (['live'] as const)) {
      const of = { where: where.sql, params: where.params, places, ways: byWays ? ways : [], scope, limit: null, relations: {} };
      for await (const { id } of searchAssets(database, of)) found.push(id);
    }
    return found.sort().join(' ');
  }

  test.each<[string, string]>([
    ['', 'g1 r1 u1 u2 u3 x1'],
    // Columns
    ['class:user', 'u1 u2 u3 x1'],
    ['CLASS:User and connection:contoso', 'u1 u2 u3'],
    ['class:(group or role)', 'g1 r1'],
    ['stream:*s and not stream:users', 'g1 r1'],
    ['id:u1', 'u1'],
    ['id:u? id:*2', 'u2'],
    ['id:u1..u2', ''],
    ['id:[u1 TO u2]', 'u1 u2'],
    ['id:{u1 TO *]', 'u2 u3 x1'],
    ['state:tombstoned', 'g2 u4'],
    ['state:* and class:group', 'g1 g2'],
    // One of several values, as the documents' own language lists them, or by a word
    ['class:[group, ROLE]', 'g1 r1'],
    ['class: [ `group` ,role]', 'g1 r1'],
    ['class:[role]', 'r1'],
    ['class:in(group, role)', 'g1 r1'],
    ['class:IN (gr*)', 'g1'],
    ['not class:in(user, group)', 'r1'],
    ['inventory:(class:[user, group] and source:[Microsoft, "Defender for Cloud"])', 'g1 u1 u2 u3'],
    ['status:[inactive, unknown]', 'u2 u3 x1'],
    ['name:["ana ünal", and]', 'u1 u3'],
    ['firstSeen:[2026-10-01, 2026-10-31]', 'u1 u2'],
    ['jobTitle:in(in)', ''],
    ['jobTitle:in', ''],
    // Times
    ['firstSeen:>=2026-10-31', 'u2 u3'],
    ['firstSeen:>2026-10-31', 'u3'],
    ['firstSeen:<=2026-10-01 class:user connection:contoso', 'u1'],
    ['firstSeen:2026-10-31', 'u2'],
    ['firstSeen:2026-10-31T08:00', 'u2'],
    ['firstSeen:[now-3d TO now]', 'u2 u3'],
    ['firstSeen:[now-3d ... now]', 'u2 u3'],
    ['firstseen:>now-1h', ''],
    ['firstSeen:[2026-10-01 TO 2026-10-31}', 'u1'],
    // The source (decision 25)
    ['inventory:(source:"Microsoft")', 'g1 r1 u1 u2 u3'],
    ['inventory: (source: `microsoft`)', 'g1 r1 u1 u2 u3'],
    ['finding.vendorProductName:micro*', 'g1 r1 u1 u2 u3'],
    ['source:"Defender for Cloud"', ''],
    ['source:Micros?ft', 'g1 r1 u1 u2 u3'],
    ['source:M.*', ''],
    ['source:M\\*', ''],
    ['source:* and id:x1', 'x1'],
    ['inventory:(source:"Microsoft" and class:role)', 'r1'],
    ['not source:Microsoft', 'x1'],
    // Paths of the document
    ['asset.assetDetail.name:"ana ünal"', 'u1'],
    ['assetDetail.name:"ANA ÜNAL"', 'u1'],
    ['ASSETDETAIL.NAME:ana*', 'u1'],
    ['name:*a*', 'r1 u1 u3'],
    ['name:?nd', 'u3'],
    ['name:"and"', 'u3'],
    ['name:"a*"', ''],
    ['name:*%*', 'u2'],
    ['name:*_*', 'u2'],
    ['name:*\\\\*', 'u2'],
    ['name:"Bob 100%_\\\\ \\"q\\" (x)"', 'u2'],
    ['assetHeader.status:active', 'r1 u1'],
    ['status:(inactive or unknown)', 'u2 u3 x1'],

    ["externalAssetId:o'hara*", 'u3'],
    ["externalAssetId:'o\\'hara@fabrikam.example'", 'u3'],
    ['jobTitle:nurse', 'u1'],
    ['jobTitle:nurse*', 'u1 u2'],
    ['jobTitle:*', 'u1 u2'],
    ['class:user and jobTitle:null', 'u3 x1'],
    ['currentAddress.city:köln', 'u1'],
    ['asset.assetDetail.userAssetClass.currentAddress:*', 'u1'],
    ['passwordLastChangedAt:2026-03-02', ''],
    ['passwordLastChangedAt:[2026-03-02 TO 2026-03-02]', 'u2'],
    ['passwordLastChangedAt:<2026-03-02', 'u1'],
    ['passwordLastChangedAt:>now-52w', 'u1 u2'],
    ['phone:42', 'u2'],
    ['phone:[41 TO 42.5]', 'u2'],
    ['phone:>42', ''],
    // Relations, searched where they come from
    ['assetRelations.assetDetail.groupAssetClass.displayName:nurses', 'u1'],
    ['asset.assetRelations[].assetDetail.groupAssetClass.description:"Ward 5"', 'u1'],
    ['assetRelations.assetHeader.externalAssetId:(g1 or r1)', 'g1 u1'],
    ['assetRelations.assetDetail.roleAssetClass.name:"Global Reader"', 'g1'],
    // The group is gone, so it is nobody's any more; a user's roles are rows that are off.
    ['assetRelations.assetHeader.externalAssetId:g2', ''],
    ['assetRelations:*', 'g1 u1'],
    ['state:tombstoned and assetRelations:*', ''],
    ['class:user and not assetRelations:*', 'u2 u3 x1'],
    ['class:user and assetRelations:null', 'u2 u3 x1'],
    ['permissions.resource:payroll', 'u2'],
    ['userAssetClass.permissions.id:aa1', 'u2'],
    ['permissions.name:b*b', 'u2'],
    // Text alone, and how terms join
    ['ward', 'g1'],
    ['"Ward 5"', 'g1'],
    ['nurs', 'g1 u1 u2'],
    ['nurs*', 'g1 u1 u2'],
    ['*nurse', 'u1'],
    ['100%', 'u2'],
    ['contoso.example nurse', 'u1 u2'],
    ['nurses or ana or "bob 100"', 'g1 u1 u2'],
    ['class:user or class:role and id:r9', 'u1 u2 u3 x1'],
    ['(class:user or class:role) and id:r1', 'r1'],
    ['NOT class:user AND NOT class:role', 'g1'],
    ['not not class:role', 'r1'],
    ['not (class:user or class:role)', 'g1'],
    ['class:user -5', ''],
    ['*', 'g1 r1 u1 u2 u3 x1'],
    ['name:=and', 'u3'],
    ["externalAssetId:=o'hara@fabrikam.example", 'u3'],
    ['name:=a*', ''],
    ['name:[a TO b] class:user', 'u1 u3'],
    ['name:>=global class:role', 'r1'],
    ['name:{global TO "global reader"}', ''],
    ['name:[* TO *] class:role', 'r1'],
    // Nothing of a value is read as SQL, LIKE or JSON path
    [`name:"' or 1=1 --"`, ''],
    [`"'; drop table asset; --"`, ''],
    ['id:$1', ''],
    [`assetDetail.name:"') or true or ('"`, ''],
  ])('%s finds %s', async (text, ids) => {
    expect(await find(text)).toBe(ids);
    expect(await search(text, true)).toBe(ids);
    expect(await search(text, false)).toBe(ids);
  });

  test('a path within a field is looked up as a name, whatever characters it has', async () => {
    for (const name of [`name."'$@\\`, 'name.$[*]?(1==1)', 'name.x\u0001y']) {
      try {
        expect(await find(`asset.assetDetail.${name}:x`)).toBe('');
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      }
    }
  });

  test('whatever compiles runs', async () => {
    let ran = 0;
    for (const text of fc.sample(queries, { numRuns: 200, seed: 7 })) {
      try {
        compileQuery(text, { now });
      } catch {
        continue;
      }
      const found = await find(text);
      if (!compileQuery(text).columns.has('state')) {
        expect([text, await search(text, true)]).toEqual([text, found]);
        expect([text, await search(text, false)]).toEqual([text, found]);
      }
      ran += 1;
    }
    expect(ran).toBeGreaterThan(50);
  });

  test('a query of the greatest size compiles fast and runs', async () => {
    const startedAt = performance.now();
    const wide = Array.from({ length: 200 }, (_, index) => `name:*${index}*`).join(' or ');
    const deep = `${'('.repeat(50)}id:u1${')'.repeat(50)}`;
    expect(await find(wide)).toBe('u2');
    expect(await find(deep)).toBe('u1');
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

test.each<[string, number, string]>([
  ['name:', 6, 'needs a value here'],
  ['name:x and', 11, 'needs a value here'],
  ['or name:x', 1, 'needs a value here'],
  ['not', 4, 'needs a value here'],
  ['()', 2, 'needs a value here'],
  ['class:(user', 7, 'has a "(" that nothing closes'],
  ['class:user)', 11, 'has a ")" that nothing opened'],
  ['id:u1 name:"x', 12, 'has a quote that nothing closes'],
  ['class:(user "x', 13, 'has a quote that nothing closes'],
  [')', 1, 'has a ")" that nothing opened'],
  ['id:[a TO b', 4, 'has a range that nothing closes'],
  ['id:[a b]', 7, 'needs TO between the ends of a range'],
  ['id:[a, b', 4, 'has a list that nothing closes'],
  ['id:in(a b)', 4, 'has a list that nothing closes'],
  ['id:in(a]', 4, 'has a list that nothing closes'],
  ['id:[a, b)', 4, 'has a list that nothing closes'],
  ['id:in(a,)', 9, 'needs a value here'],
  ['id:in()', 7, 'needs a value here'],
  ['id:[a,, b]', 7, 'needs a value here'],
  [`id:[${'x,'.repeat(200)}x]`, 405, 'has more than 200 terms'],
  ['class:user and nme:x', 16, 'has no field "nme", did you mean "name"?'],
  ['https://contoso.example', 1, 'has no field "https"; text with a colon needs quotes'],
  ['asset.assetDetail.__proto__:x', 1, 'has no field "asset.assetDetail.__proto__"'],
  ['constructor:x', 1, 'has no field "constructor"'],
  ['a..b:x', 1, 'has "a..b", which is not a field\'s name'],
  ['firstSeen:yesterday', 1, 'needs a time for firstSeen, such as 2026-05-01 or now-7d'],
  ['firstSeen:2026-1*', 1, 'needs a time for firstSeen'],
  ['[1 TO 2]', 1, 'needs a field before a range'],
  ['source:[a TO b]', 1, 'has a range where a name belongs'],
  ['('.repeat(10_000), 51, 'is nested deeper than 50 levels'],
  ['x '.repeat(201), 401, 'has more than 200 terms'],
  ['x'.repeat(10_001), 10_001, 'is longer than 10000 characters'],
  ['name:\0', 6, 'has a character that cannot be searched for'],
  ['name:\ud800', 6, 'has a character that cannot be searched for'],
  ['\\', 1, 'has a character that needs quotes'],
])('%s is refused at %d', (text, position, reason) => {
  const act = (): unknown => compileQuery(text, { now });
  expect(act).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`At position ${position} the query ${reason}`),
      details: { position },
    }),
  );
});

/** Pieces that mean something to the language, to SQL, to LIKE, to JSON paths and to none of them. */
const piece = fc.oneof(
  fc.constantFrom(
    'name:',
    'class:',
    'id:',
    'firstSeen:',
    'assetRelations.assetHeader.name:',
    'permissions:',
    'source:',
    'state:',
    'inventory:',
    'in(',
    ',',
    'phone:',
  ),
  fc.constantFrom(
    '(',
    ')',
    ' and ',
    ' or ',
    ' not ',
    ' ',
    '*',
    '?',
    '\\',
    '"',
    "'",
    '`',
    '[',
    ']',
    ' TO ',
    '{',
    '}',
    '..',
    '>',
    '<=',
    '=',
    ':',
    '-',
  ),
  fc.constantFrom(
    'x',
    '5',
    '1e9',
    '2026-05-01',
    '2026-05-01T10:00:00.5Z',
    'now-7d',
    'now-999999w',
    'null',
    '%',
    '_',
    '$1',
    ';--',
    '::',
    '\u{1F600}',
    'é',
  ),
);
const queries = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

test('any text compiles, or is refused at a place within it', () => {
  const marked = fc.oneof(queries, anyText(60)).map((text) => `${text} name:zqxj7`);
  fc.assert(
    fc.property(marked, (text) => {
      try {
        const { sql, params } = compileQuery(text, { now, offset: 4 });
        // Nothing of the query is in the statement but by number.
        expect(sql).not.toContain('zqxj7');
        const numbers = [...sql.matchAll(/\$(\d+)/g)].map((match) => Number(match[1]));
        expect([...new Set(numbers)].sort((one, other) => one - other)).toEqual(params.map((_, index) => index + 5));
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONFIG_INVALID', details: { position: expect.any(Number) } });
        const position = error instanceof TidemarkError ? Number(error.details['position']) : 0;
        expect(position).toBeGreaterThanOrEqual(1);
        expect(position).toBeLessThanOrEqual(text.length + 1);
      }
    }),
    { numRuns: 500 },
  );
});

test('the hint points at the place, also in a long query and among control characters', () => {
  const hintOf = (text: string): string[] => {
    try {
      compileQuery(text);
      return [];
    } catch (error) {
      return error instanceof Error && 'hint' in error ? String(error.hint).split('\n') : [];
    }
  };
  expect(hintOf('class:user and nme:x')).toEqual(['class:user and nme:x', '               ^']);
  const [shown = '', caret = ''] = hintOf(`${'\u001b[31m '.repeat(40)} nme:x ${'y '.repeat(100)}`);
  expect(shown).toHaveLength(60);
  expect(shown).not.toMatch(/\p{C}/u);
  expect(shown.slice(caret.length - 1)).toMatch(/^nme:x/);
});
