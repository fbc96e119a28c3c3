// The verbs on a real stack: what they print, what they change, how they end. One stack for all suites: to bring one up costs more than most of them do.
import { changesVerb } from './verbs/changes.ts';
import { exportVerb } from './verbs/export.ts';
import { fulfilVerb } from './verbs/fulfil.ts';
import { identitiesOnAStack } from './verbs/identities.ts';
import { mapsVerbs } from './verbs/maps.ts';
import { removalsVerbs } from './verbs/removals.ts';
import { runsVerbs } from './verbs/runs.ts';
import { secretVerbs } from './verbs/secrets.ts';
import { eraseAll, openStack, stack } from './verbs/stack.ts';
import { tagsVerbs } from './verbs/tags.ts';
import { testVerb } from './verbs/connectionTest.ts';

beforeAll(openStack, 120_000);
afterAll(() => stack?.stop(), 60_000);

describe.each([
  ['runs', runsVerbs],
  ['test', testVerb],
  ['maps', mapsVerbs],
  ['tags', tagsVerbs],
  ['identities', identitiesOnAStack],
  ['changes', changesVerb],
  ['removals', removalsVerbs],
  ['export', exportVerb],
  ['secrets', secretVerbs],
  ['fulfil', fulfilVerb],
])('%s', (_what, suite) => {
  suite();
  afterAll(eraseAll, 120_000);
});
