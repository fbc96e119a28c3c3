// Writes docs/troubleshooting.md: what goes wrong between a connection and its source, from the tables that the checks and the clients have.
// test/docs.test.ts holds it fresh.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { causes } from '../src/checks/causes.ts';
import { aadsts } from '../src/clients/aadsts.ts';
import { graphRefusals } from '../src/clients/graphErrors.ts';
import type { Advice } from '../src/model.ts';
import { table } from './table.ts';

/** The places of a text as capitals: `{host}` is HOST. */
const shown = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (_, place: string) => place.toUpperCase()).replaceAll('|', '\\|');

const rows = (of: Readonly<Record<string, Advice>>, first: string): string =>
  table([[first, 'cause', 'fix'], ...Object.entries(of).map(([name, { cause, fix }]) => [`\`${name}\``, shown(cause), shown(fix)])]);

const numbered = Object.fromEntries(Object.entries(aadsts).map(([number, advice]) => [`AADSTS${number}`, advice]));

const checks = [
  ['check', 'what is done'],
  [
    '`network`',
    'the login and Graph are reached: name and TCP. Where a proxy stands between, it is what is contacted, and it is asked for the way to each of them',
  ],
  ['`tls`', 'the handshake with each, with the authorities that pulls trust'],
  ['`credentials`', 'the reference is read, and a token is acquired'],
  [
    '`permissions`',
    'what the token holds against what the streams of the active profiles need; `missing` and `excess` are listed. An optional stream counts when it is named',
  ],
  ['`data`', 'one record of each stream. A resource that takes no page size (roles) is not asked: its permission stands for it'],
];

/** Document 002's troubleshooting, with our codes. */
const symptoms = [
  ['symptom', 'what to do'],
  [
    '401, `SOURCE_AUTH_FAILED`',
    'The client secret is wrong or has expired, or `tenantId` or `clientId` is wrong. Check all three in the app registration; make a new secret under Certificates & secrets if needed and put its value where the reference points. `tidemark apply` is needed for changed ids only: a new secret in the same file is read by itself, one in a variable needs the worker started anew',
  ],
  [
    '403, `SOURCE_FORBIDDEN`',
    'The app registration lacks the permission that is named, or nobody has consented to it. Under API permissions the permission stands as an application permission with a green check mark; if the mark is missing, click Grant admin consent',
  ],
  [
    'the connection test fails',
    'Look at the failed check and its fix. The worker has to reach the login and `https://graph.microsoft.com` over HTTPS (port 443); `tenantId` has to be the tenant that is meant; Conditional Access must not block the application',
  ],
  [
    'nothing imported after the first run, and the run is complete',
    'The log says which streams were empty. Check the permission with its admin consent, and in the Azure portal that there are any in this tenant. The first run reads everything and may take its time: `tidemark status NAME` shows how far it is',
  ],
  [
    '`errored`',
    '`tidemark status NAME` has code, message and fix; `tidemark logs NAME` the lines of the run. What ends on credentials, consent or configuration is not tried again by itself: the next run is the next occurrence, or `tidemark run NAME`; its success clears the state',
  ],
];

export function troubleshootingPage(): string {
  return `<!-- Written by "node scripts/troubleshooting-page.ts" from src/checks/causes.ts, src/clients/aadsts.ts and src/clients/graphErrors.ts. Do not edit. -->

# Troubleshooting

\`tidemark test NAME\` runs five checks, one after another, on a worker, within ten seconds in all. Each is passed, failed or skipped; after the first failure the rest are skipped. A failed one has a cause and a fix. It reads nothing but one record of each stream, and changes nothing.

${table(checks)}

## What people meet

${table(symptoms)}

[errors.md](errors.md) has every code.

## What Test Connection tells apart

Words in capitals stand for what is found.

${table([['cause', 'fix'], ...Object.values(causes).map(({ cause, fix }) => [shown(cause), shown(fix)])])}

The login's numbers:

${rows(numbered, 'number')}

Graph's own codes:

${rows(graphRefusals, 'code')}
`;
}

if (import.meta.main) writeFileSync(path.join(import.meta.dirname, '..', 'docs', 'troubleshooting.md'), troubleshootingPage());
