// Which addresses go by the proxy, by what NO_PROXY says.
import { proxyFor } from '../../src/clients/proxy.ts';

const graph = 'https://graph.microsoft.com/v1.0';

test.each([
  [graph, null, false],
  [graph, '', false],
  [graph, 'login.microsoftonline.com', false],
  [graph, 'graph.microsoft.com', true],
  [graph, 'GRAPH.Microsoft.com.', true],
  [graph, 'microsoft.com', true],
  [graph, 'one.example, .microsoft.com', true],
  [graph, '*.microsoft.com', true],
  ['https://microsoft.com/', '*.microsoft.com', false],
  [graph, 'soft.com', false],
  [graph, 'graph.microsoft.com:443', true],
  [graph, 'graph.microsoft.com:8443', false],
  ['https://graph.example:8443/', '*:8443', true],
  [graph, '*', true],
  ['https://[2001:db8::1]/', '2001:db8::1', true],
  ['https://[2001:db8::1]:8443/', '[2001:db8::1]:8443', true],
  ['https://[2001:db8::1]/', '[2001:db8::2]', false],
])('%s with NO_PROXY %j is excepted: %s', (url, except, excepted) => {
  expect(proxyFor(new URL(url), { url: 'http://proxy.example:3128', except }) === null).toBe(excepted);
});

test.each(['https://localhost:9443', 'http://127.0.0.1:1', 'https://[::1]/'])('%s never leaves this machine', (url) => {
  expect(proxyFor(new URL(url), { url: 'http://proxy.example:3128', except: null })).toBeNull();
});

test('without a proxy every address is reached directly', () => {
  expect(proxyFor(new URL(graph), { url: null, except: null })).toBeNull();
});
