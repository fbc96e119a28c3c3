// I1 for Defender for Cloud: the worker is killed with SIGKILL at points of a first run and of one after the estate changed. The last worker ends each:
// records, assets and findings equal those of runs that nothing disturbed.
import type { JsonObject } from '../../src/model.ts';
import { askFor, byTurns, drain, findingPoints, type Kills, killInTurn, phases, seed, undisturbed } from './runs.ts';
import { sharedServers, type Site, type Subject } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';

const estate: Subject = {
  tenant: {
    users: 1,
    estate: { vms: 24, images: 10, containerGroups: 6, sites: 6, subscriptions: 2 },
    // Small answers make many pages.
    settings: { responseBytes: 30_000, olderFindings: true },
  },
  connection: {
    connector: 'defender-for-cloud',
    streams: [
      'virtual-machines',
      'container-instances',
      'functions',
      'vulnerabilities',
      'misconfigurations',
      'named-hosts',
      'named-container-instances',
      'named-functions',
    ],
  },
  change(simulator) {
    simulator.mutateEstate([
      { do: 'createVm' },
      { do: 'deleteVm', vm: 3 },
      { do: 'patch', vm: 5, package: 0, rows: 'gone' },
      { do: 'patch', vm: 6, package: 1, rows: 'healthy' },
      { do: 'patch', image: 2, package: 0, rows: 'gone' },
      { do: 'addCve', vm: 7, package: 0 },
      { do: 'exempt', vm: 8, package: 0 },
    ]);
  },
  quietRequests: 0,
};

const suite = crashSuite(sharedServers, { subject: estate });

/** All that the runs left, in order; times are left out. */
async function inventoryOf({ database }: Pick<Site, 'database'>): Promise<JsonObject[]> {
  return database.query<JsonObject>(
    `select 'record' as what, r.stream, r.id, r.tombstoned_at is null as lives, a.class, a.document::text as document, null as status, null::int as severity
     from record r left join asset a on a.num = r.num
     union all
     select 'finding', r.stream, f.key, f.reopened = 0, f.asset_class, r.id, f.status, f.severity * 1000 + f.qds from finding f join record r on r.num = f.num
     union all
     select 'identity key', r.stream, r.id, true, k.rule, k.key, null, null from identity_key k join record r on r.num = k.num
     order by 1, 2, 3, 5, 6`,
  );
}

/** Both runs read all there is. Workers die at every second point of each. */
const kills: Kills = byTurns(['page.beforeCommit:9', 'settle.afterApply:2', ...findingPoints, 'finish.before']);

inTurn(
  `I1 killed at ${kills.full.join(', ')} of a first run and at ${kills.delta.join(', ')} of one after changes: records, assets and findings are those of undisturbed runs (seed ${seed})`,
  async () => {
    const alone: JsonObject[][] = [];
    await undisturbed(estate, phases, async (of) => void alone.push(await inventoryOf(of)));
    await suite.atSite(async (site) => {
      for (const [index, phase] of phases.entries()) {
        await askFor(site, phase);
        const worker = await killInTurn(site, kills[phase.name]);
        expect(await site.runEnds(phase.nth)).toMatchObject({ verdict: 'complete', mode: 'full' });
        expect(await inventoryOf(site)).toEqual(alone[index]);
        await drain(worker);
      }
    });
    // Both runs are worth comparing: findings were opened, fixed and suppressed.
    expect(new Set(alone[1]?.map(({ status }) => status))).toEqual(new Set([null, 'open', 'fixed', 'suppressed']));
  },
  caseTimeoutMs,
);
