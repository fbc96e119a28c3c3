// A page's objects become records, removals and edges, each id once, in order of arrival.
import type { EdgeDefinition } from '../../src/connectors/definition.ts';
import type { JsonObject } from '../../src/model.ts';
import { fold } from '../../src/pull/fold.ts';
import type { Phase } from '../../src/pull/plan.ts';

const member: EdgeDefinition = {
  kind: 'member',
  at: 'members',
  from: 'object.id',
  to: 'element.id',
  key: null,
  properties: ['@odata.type'],
  unlisted: null,
};
const select = ['id', 'displayName', 'mail', 'members'];
const phase = (objects: Phase['objects'], edges: readonly EdgeDefinition[] = []): Phase => ({
  yields: 'records',
  edges,
  objects,
  overflow: null,
  stored: false,
  reader: null,
  answersFor: false,
});
const removedElement = (id: string): JsonObject => ({ id, '@removed': { reason: 'deleted' } });

const properties = (folded: ReturnType<typeof fold>): Record<string, JsonObject> =>
  Object.fromEntries([...folded.records.values()].map((record) => [record.id, record.properties]));

describe('records', () => {
  test.each<[string, Phase['objects'], JsonObject[], Record<string, JsonObject>, string[]]>([
    [
      'keeps only what was selected',
      'whole',
      [{ id: 'a', displayName: 'A', surprise: 1, '@odata.id': 'x' }],
      { a: { id: 'a', displayName: 'A' } },
      [],
    ],
    [
      'a list replaces an earlier sight',
      'whole',
      [
        { id: 'a', displayName: 'A' },
        { id: 'a', mail: 'm' },
      ],
      { a: { id: 'a', mail: 'm' } },
      [],
    ],
    [
      'a delta merges over an earlier sight',
      'changes',
      [
        { id: 'a', displayName: 'A' },
        { id: 'a', mail: 'm' },
      ],
      { a: { id: 'a', displayName: 'A', mail: 'm' } },
      [],
    ],
    [
      'null stays until it meets what is stored',
      'changes',
      [
        { id: 'a', mail: 'm' },
        { id: 'a', mail: null },
      ],
      { a: { id: 'a', mail: null } },
      [],
    ],
    [
      'a later removal wins',
      'changes',
      [
        { id: 'a', mail: 'm' },
        { id: 'a', '@removed': { reason: 'changed' } },
      ],
      {},
      ['a'],
    ],
    [
      'a later sight wins over a removal',
      'changes',
      [
        { id: 'a', '@removed': { reason: 'deleted' } },
        { id: 'a', mail: 'm' },
      ],
      { a: { id: 'a', mail: 'm' } },
      [],
    ],
    ['a list knows no removal', 'whole', [{ id: 'a', '@removed': { reason: 'changed' } }], { a: { id: 'a' } }, []],
  ])('%s', (_, objects, page, records, removed) => {
    const folded = fold(phase(objects), select, page);
    expect(properties(folded)).toEqual(records);
    expect([...folded.removed]).toEqual(removed);
  });

  test('a record that was removed and came back is anew', () => {
    const folded = fold(phase('changes'), select, [
      { id: 'a', '@removed': {} },
      { id: 'a', mail: 'm' },
      { id: 'a', displayName: 'A' },
    ]);
    expect(folded.records.get('a')).toEqual({ id: 'a', properties: { id: 'a', mail: 'm', displayName: 'A' }, anew: true });
  });

  test.each<[string, JsonObject, string]>([
    ['no id', { displayName: 'A' }, 'has no usable "id"'],
    ['an empty id', { id: '' }, 'has no usable "id"'],
    ['an id that is no text', { id: 7 }, 'has no usable "id"'],
    ['an id without bounds', { id: 'x'.repeat(2000) }, 'has no usable "id"'],
    ['an object without bounds', { id: 'a', mail: nested(10_000) }, 'nested deeper than 32'],
  ])('sets aside %s, and the page goes on', (_, object, reason) => {
    const folded = fold(phase('whole'), select, [object, { id: 'b' }]);
    expect(properties(folded)).toEqual({ b: { id: 'b' } });
    expect(folded.rejects).toEqual([expect.objectContaining({ code: 'SOURCE_SHAPE_CHANGED', reason: expect.stringContaining(reason) })]);
  });

  test('a property named __proto__ reaches no prototype', () => {
    const folded = fold(phase('whole'), [...select, '__proto__'], [JSON.parse('{"id":"a","__proto__":{"polluted":true}}') as JsonObject]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(folded.records.get('a')?.properties)).toBe(Object.prototype);
  });
});

describe('edges', () => {
  const edgesOf = (page: JsonObject[]): { edges: string[]; removed: string[] } => {
    const folded = fold(phase('first', [member]), select, page);
    return {
      edges: folded.edges.map((edge) => `${edge.from}>${edge.to}`),
      removed: folded.removedEdges.map((edge) => `${edge.from}>${edge.to}`),
    };
  };

  test.each<[string, JsonObject[], string[], string[]]>([
    ['annotations become edges', [{ id: 'g', 'members@delta': [{ id: 'u' }, { id: 'v' }] }], ['g>u', 'g>v'], []],
    [
      'a group split over objects is one set',
      [
        { id: 'g', 'members@delta': [{ id: 'u' }] },
        { id: 'g', 'members@delta': [{ id: 'v' }] },
      ],
      ['g>u', 'g>v'],
      [],
    ],
    ['the last sight of a pair wins: removed', [{ id: 'g', 'members@delta': [{ id: 'u' }, removedElement('u')] }], [], ['g>u']],
    [
      'the last sight of a pair wins: added',
      [
        { id: 'g', 'members@delta': [removedElement('u')] },
        { id: 'g', 'members@delta': [{ id: 'u' }] },
      ],
      ['g>u'],
      [],
    ],
    ['a pair twice is one edge', [{ id: 'g', 'members@delta': [{ id: 'u' }, { id: 'u' }] }], ['g>u'], []],
  ])('%s', (_, page, edges, removed) => {
    expect(edgesOf(page)).toEqual({ edges, removed });
  });

  test('an element without an id is set aside alone', () => {
    const folded = fold(phase('first', [member]), select, [
      { id: 'g', displayName: 'G', 'members@delta': [{ '@odata.type': 'x' }, { id: 'u' }] },
    ]);
    expect(folded.edges).toEqual([{ kind: 'member', from: 'g', to: 'u', key: '', properties: {} }]);
    expect(properties(folded)).toEqual({ g: { id: 'g', displayName: 'G' } });
    expect(folded.rejects.map((reject) => reject.id)).toEqual(['g/member/0']);
  });

  test('an object that is an edge itself carries its own key and yields no record', () => {
    const assignment: EdgeDefinition = {
      kind: 'roleMember',
      at: null,
      from: 'object.roleDefinitionId',
      to: 'object.principalId',
      key: 'object.id',
      properties: ['directoryScopeId'],
      unlisted: null,
    };
    const folded = fold(
      { yields: 'edges', edges: [assignment], objects: 'whole', overflow: null, stored: false, reader: null, answersFor: false },
      ['id'],
      [{ id: 'a1', roleDefinitionId: 'r', principalId: 'p', directoryScopeId: '/' }],
    );
    expect(folded.records.size).toBe(0);
    expect(folded.edges).toEqual([{ kind: 'roleMember', from: 'r', to: 'p', key: 'a1', properties: { directoryScopeId: '/' } }]);
  });
});

function nested(levels: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 0; level < levels; level += 1) value = { deeper: value };
  return value;
}
