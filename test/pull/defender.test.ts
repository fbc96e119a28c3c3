// Defender for Cloud from the simulated estate into the inventory: what is found equals what plain code reads of the same rows, and what becomes of it.
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import type { JsonObject } from '../../src/model.ts';
import { readLogs } from '../../src/store/log.ts';
import { startPulling, unguarded, type Pulling, type PullingOptions } from '../support/pulling.ts';
import { startPostgresStore, type StartedStore } from '../support/stores.ts';

const connection = 'azure';
const streams = [
  'virtual-machines',
  'container-instances',
  'functions',
  'vulnerabilities',
  'misconfigurations',
  'named-hosts',
  'named-container-instances',
  'named-functions',
];

let store: StartedStore;
let simulator: Simulator;
let pulling: Pulling;

beforeAll(async () => {
  store = await startPostgresStore();
  simulator = await startSimulator({ seed: 1, users: 1, estate: { vms: 30, images: 10, containerGroups: 5, sites: 6 } });
  pulling = await startPulling(options());
});
const options = (): PullingOptions => ({
  database: store.database,
  simulator,
  name: connection,
  connector: 'defender-for-cloud',
  streams,
  guard: unguarded,
});

/** The connection as it was, applied again. */
async function startAgain(): Promise<void> {
  await pulling.close();
  pulling = await startPulling(options());
}
afterAll(async () => {
  await pulling.close();
  await simulator.close();
  await store.stop();
});

/** The flaws of machines by status, as `machine CVE package`. */
async function flaws(): Promise<Record<'open' | 'suppressed' | 'fixed', string[]>> {
  const rows = await store.database.query<{ status: 'open' | 'suppressed' | 'fixed'; flaw: string }>(
    `select f.status, f.asset_id || ' ' || f.cve || ' ' || (r.body #>> '{properties,additionalData,softwareDetails,packageName}') as flaw
     from finding f join record r on r.num = f.num
     where f.connection = $1 and r.stream = 'vulnerabilities' and f.asset_class = 'host' and f.asset_id like '/subscriptions/%' and f.cve is not null
     order by flaw`,
    [connection],
  );
  const of = (status: string): string[] => rows.filter((row) => row.status === status).map(({ flaw }) => flaw);
  return { open: of('open'), suppressed: of('suppressed'), fixed: of('fixed') };
}

interface Row {
  readonly name: string;
  readonly properties: {
    readonly status: { readonly code: string };
    readonly metadata: { readonly recommendationCategory?: string };
    readonly resourceDetails: { readonly ResourceType: string; readonly NativeResourceId: string };
    readonly additionalData?: { readonly SoftwareName: string; readonly CvesDetails?: string };
  };
}

const rowsOf = (): Row[] => [...simulator.truth('assessments')] as unknown as Row[];

/** The same from the estate, by plain code. */
function flawsThere(): string[] {
  return rowsOf()
    .filter(({ properties: { metadata, resourceDetails, status } }) => {
      const isMachine = resourceDetails.ResourceType.toLowerCase() === 'microsoft.compute/virtualmachines';
      return metadata.recommendationCategory === 'SoftwareUpdate' && isMachine && status.code === 'Unhealthy';
    })
    .flatMap(({ properties: { resourceDetails, additionalData } }) => {
      const cves = JSON.parse(additionalData?.CvesDetails ?? '[]') as { CveId: string }[];
      return cves.map(({ CveId }) => `${resourceDetails.NativeResourceId.toLowerCase()} ${CveId} ${additionalData?.SoftwareName}`);
    })
    .sort();
}

const logs = async (run: string): Promise<string[]> =>
  (await readLogs(store.database, { connection, run: Number(run.split(':')[1]), limit: 1_000 })).map(({ message }) => message);

const changed = async (): Promise<string[]> => (await logs((await pulling.pull()).run)).filter((line) => /opened, /.test(line));

test('a first run has an asset for every resource, and a finding for every flaw that the rows tell', async () => {
  const report = await pulling.pull();
  expect(report).toMatchObject({ verdict: 'complete', mode: 'full' });
  for (const { outcome, read, added, updated, unchanged, removedBySource, rejected, excluded } of report.streams) {
    expect(outcome).toBe('complete');
    // I6
    expect(read).toBe(added + updated + unchanged + removedBySource + rejected + excluded);
  }
  const found = await flaws();
  expect(found.open).toEqual(flawsThere());
  expect(found.open.length).toBeGreaterThan(50);
  const [row] = await store.database.query<{ machines: number }>(
    `select count(*) as machines from record where connection = $1 and stream = 'virtual-machines'`,
    [connection],
  );
  expect(row?.machines).toBe([...simulator.truth('virtualMachines')].length);
});

test('a second run finds the same, and writes no record and no finding', async () => {
  const report = await pulling.pull();
  for (const { added, updated } of report.streams) expect({ added, updated }).toEqual({ added: 0, updated: 0 });
  expect((await logs(report.run)).filter((line) => /opened, /.test(line))).toEqual([]);
});

test('streams that wait for the same others are read along with the first of them', async () => {
  const rows = await store.database.query<{ stream: string; along: string | null }>(
    `select pin ->> 'stream' as stream, pin ->> 'along' as along from run, jsonb_array_elements(streams::jsonb) as pin
     where run = (select max(run) from run where connection = $1)`,
    [connection],
  );
  const along = Object.fromEntries(rows.map((row) => [row.stream, row.along]));
  expect(along).toMatchObject({ 'named-hosts': null, 'named-container-instances': 'named-hosts', 'named-functions': 'named-hosts' });
  expect(rows.filter((row) => row.along !== null)).toHaveLength(2);
});

test('misconfigurations are open exactly where they are unhealthy, in every cloud', async () => {
  const rows = await store.database.query<{ flaw: string }>(
    `select f.asset_id || ' ' || split_part(r.id, '/assessments/', 2) as flaw from finding f join record r on r.num = f.num
     where f.connection = $1 and r.stream = 'misconfigurations' and f.status = 'open' order by flaw`,
    [connection],
  );
  const sites = new Set(
    [...simulator.truth('sites')].flatMap(({ id, kind }) =>
      /functionapp/.test(String(kind)) && !/workflowapp/.test(String(kind)) ? [String(id).toLowerCase()] : [],
    ),
  );
  const there = rowsOf()
    .filter(({ properties: { metadata, resourceDetails, status } }) => {
      // Images of Azure have no misconfigurations that the document knows.
      const isImage = resourceDetails.ResourceType.toLowerCase() === '.containerimage';
      return metadata.recommendationCategory !== 'SoftwareUpdate' && status.code === 'Unhealthy' && !isImage;
    })
    .map(({ name, properties: { resourceDetails } }) => `${resourceDetails.NativeResourceId.toLowerCase()} ${name}`)
    .filter((flaw) => !flaw.includes('/microsoft.web/sites/') || sites.has(flaw.split(' ')[0] ?? ''));
  expect(rows.map(({ flaw }) => flaw)).toEqual(there.sort());
});

test('the older shape tells the same flaws: nothing is doubled; when it is retired, nothing is fixed, and the run says so', async () => {
  const before = await flaws();
  simulator.configure({ olderFindings: true });
  await pulling.pull();
  const both = await flaws();
  expect(both.open).toEqual(before.open);
  // Today's rows that are exempt do not say of which flaws; older ones do.
  expect(both.suppressed).toEqual(expect.arrayContaining(before.suppressed));
  simulator.configure({ olderFindings: false });
  const report = await pulling.pull();
  expect(report.verdict).toBe('complete');
  expect((await logs(report.run)).join('\n')).toMatch(
    /Vulnerabilities: the source answered nothing for "olderVulnerabilities", where \d+ are known/,
  );
  expect(await flaws()).toEqual(both);
});

test('what is patched is fixed, what is exempt is suppressed, what is new is opened, and what comes back is told so', async () => {
  const opens = (await flaws()).open;
  simulator.mutateEstate([
    { do: 'patch', vm: 5, package: 0, rows: 'gone' },
    { do: 'exempt', vm: 7, package: 0 },
    { do: 'addCve', vm: 9, package: 0 },
    { do: 'deleteVm', vm: 11 },
    { do: 'createVm' },
  ]);
  const lines = await changed();
  expect(lines.join('\n')).toMatch(/Vulnerabilities: [1-9]\d* opened, 0 came back, [1-9]\d* fixed, [1-9]\d* suppressed\./);
  const found = await flaws();
  const there = flawsThere();
  expect(found.open).toEqual(there);
  const gone = opens.filter((flaw) => !there.includes(flaw));
  expect([...found.fixed, ...found.suppressed]).toEqual(expect.arrayContaining(gone));
  expect(found.suppressed.filter((flaw) => gone.includes(flaw)).every((flaw) => flaw.includes('vm-000007'))).toBe(true);
  expect(found.fixed.some((flaw) => flaw.includes('vm-000005'))).toBe(true);
});

test('a type of assets left out of the profile is another scope: its findings stay as they are, until it is asked for again', async () => {
  const before = await flaws();
  const limited = await startPulling({ ...options(), assetTypes: ['serverless', 'container-instance'] });
  simulator.mutateEstate([{ do: 'patch', vm: 13, package: 0, rows: 'gone' }]);
  const report = await limited.pull();
  await limited.close();
  expect(report.verdict).toBe('complete');
  const told = report.streams.filter(({ stream }) => stream === 'vulnerabilities' || stream === 'misconfigurations');
  expect(told.map(({ swept, removedBySource }) => [swept, removedBySource])).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(told.map(({ stream, read }) => [stream, read > 0])).toEqual([
    ['vulnerabilities', false],
    ['misconfigurations', true],
  ]);
  // Nothing is missed: it was not asked for.
  expect((await logs(report.run)).filter((line) => /opened, |answered nothing/.test(line))).toEqual([]);
  expect(await flaws()).toEqual(before);
  await startAgain();
  await pulling.pull();
  const after = await flaws();
  expect(after.open).toEqual(flawsThere());
  expect(after.open.length).toBeLessThan(before.open.length);
});

test('what leaves a type that is asked for is removed as ever', async () => {
  const limited = await startPulling({ ...options(), assetTypes: ['host'] });
  const before = await flaws();
  simulator.mutateEstate([15, 17, 19].map((vm) => ({ do: 'patch', vm, package: 0, rows: 'gone' })));
  await limited.pull();
  await limited.close();
  await startAgain();
  const after = await flaws();
  expect(after.open).toEqual(flawsThere());
  expect(after.open.length).toBeLessThan(before.open.length);
});

test('a source that answers nothing where it answered before closes nothing and removes nothing', async () => {
  const before = await flaws();
  const nothing: JsonObject = { totalRecords: 0, count: 0, resultTruncated: 'false', data: [], facets: [] };
  simulator.addFaults([{ phase: 'query', fault: { kind: 'body', text: JSON.stringify(nothing) } }]);
  const report = await pulling.pull();
  simulator.clearFaults();
  for (const { swept, removedBySource } of report.streams) expect({ swept, removedBySource }).toEqual({ swept: 0, removedBySource: 0 });
  const lines = (await logs(report.run)).filter((line) => /the source answered nothing/.test(line));
  expect(lines.length).toBeGreaterThanOrEqual(5);
  expect(await flaws()).toEqual(before);
});
