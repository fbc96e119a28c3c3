// When a credential ends: the table of days, the words, and what the directory tells of a client secret.
import { createHttp, type Http } from '../../src/clients/http.ts';
import { expiryInWords, thresholdOf } from '../../src/clients/expiry.ts';
import { askSecretExpiry, type Expiry, notAllowed } from '../../src/clients/secretExpiry.ts';
import { createTokenProvider } from '../../src/clients/token.ts';
import type { Password } from '../../simulator/applications.ts';
import { defaultRoles } from '../../simulator/permissions.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';

const now = new Date('2026-11-02T12:00:00Z');
const hour = 3_600_000;
const inHours = (hours: number): string => new Date(now.getTime() + hours * hour).toISOString();

test.each([
  [31 * 24, null, 'expires in 31 days'],
  [30 * 24 + 1, null, 'expires in 30 days'],
  [30 * 24, 30, 'expires in 30 days'],
  [8 * 24, 30, 'expires in 8 days'],
  [7 * 24, 7, 'expires in 7 days'],
  [2 * 24, 7, 'expires in 2 days'],
  [24, 1, 'expires in 1 day'],
  [23, 1, 'expires in 23 hours'],
  [1, 1, 'expires in 1 hour'],
  [0.5, 1, 'expires within the hour'],
  [0, 0, 'has expired'],
  [-48, 0, 'has expired'],
])('%d hours before the end: threshold %p, "%s"', (hours, threshold, words) => {
  expect([thresholdOf(inHours(hours), now), expiryInWords(inHours(hours), now)]).toEqual([threshold, words]);
});

describe('the directory', () => {
  let simulator: Simulator;
  let http: Http;
  const secret = 'abc~the-one-that-logs-in';
  const end = new Date(Date.now() + 40 * 24 * hour).toISOString();
  const later = new Date(Date.now() + 90 * 24 * hour).toISOString();
  const past = new Date(Date.now() - hour).toISOString();

  beforeAll(async () => {
    simulator = await startSimulator({ users: 10 });
    http = createHttp({ ca: simulator.caPem });
  });
  afterAll(async () => {
    await http.close();
    await simulator.close();
  });

  async function ask(passwords: readonly Password[], roles: readonly string[] = defaultRoles): Promise<Expiry> {
    simulator.configure({ passwords, roles });
    simulator.resetRequests();
    const { origin, tenantId, clientId } = simulator;
    const tokens = createTokenProvider({
      login: origin,
      tenantId,
      clientId,
      credential: { kind: 'secret', secret },
      scope: `${origin}/.default`,
      http,
    });
    const token = await tokens.token(new AbortController().signal);
    return askSecretExpiry({ http, graph: `${origin}/v1.0`, clientId, token, secret });
  }
  const mine: Password = { secret, endDateTime: end };

  test.each<[string, readonly Password[], string]>([
    ['the only one', [mine], end],
    ['ours by its first three characters', [{ secret: 'xyz', endDateTime: later }, mine], end],
    ['of two that begin alike the one that ends first', [{ secret: 'abcdef', endDateTime: later }, mine], end],
    ['not one that is over', [{ secret: 'abcdef', endDateTime: past }, mine], end],
    ['one without a hint, when none has ours', [{ ...mine, hinted: false }], end],
  ])('tells the end: %s', async (_, passwords, expected) => {
    expect(await ask(passwords)).toEqual({ expiresAt: expected, unknown: null });
    expect(simulator.requests().filter(({ phase }) => phase === 'application')).toHaveLength(1);
  });

  test('is not asked by an application that may not read its registration', async () => {
    expect(await ask([mine], ['User.Read.All'])).toEqual({ expiresAt: null, unknown: notAllowed });
    expect(simulator.requests().filter(({ phase }) => phase === 'application')).toEqual([]);
  });

  test('refuses: it is said so, and asked once', async () => {
    simulator.addFaults([{ phase: 'application', fault: { kind: 'throttle', retryAfter: 1 } }]);
    expect(await ask([mine])).toEqual({ expiresAt: null, unknown: 'not told: the directory answered 429' });
    expect(simulator.requests().filter(({ phase }) => phase === 'application')).toHaveLength(1);
    simulator.clearFaults();
    simulator.addFaults([{ phase: 'application', fault: { kind: 'body', text: '{"passwordCredentials":[{"endDateTime":"soon"}]}' } }]);
    expect(await ask([mine])).toEqual({ expiresAt: null, unknown: 'not told: the directory answered in another shape' });
    simulator.clearFaults();
  });
});
