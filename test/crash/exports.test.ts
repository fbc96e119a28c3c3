// I13, I1: the worker is killed while it writes the files of a run, at each step, in a full pull or in a delta. What consumers have at that instant is the
// set before or this one, whole; the next worker publishes this one: what the tenant holds, and then what changed.
import path from 'node:path';
import { exportPlan, type ExportPlan } from '../../src/exports/plan.ts';
import { cookiesIn, type Expected, expectComplete, expectDifference, expectedOf, type Seen, seenBy } from '../support/exporting.ts';
import { askFor, byTurns, drain, exportPoints, type Kills, killInTurn, phases, seed } from './runs.ts';
import { sharedServers, type Site, type Subject } from './site.ts';
import { caseTimeoutMs, crashSuite, inTurn } from './suite.ts';

const attributes = ['id', 'displayName', 'department', 'groupTypes'];

const directory: Subject = {
  tenant: { users: 120, groups: 40, membershipsPerGroup: 8, servicePrincipals: 20, settings: { deltaPageSize: 20 } },
  connection: { connector: 'identity-manager', settings: { attributes, export: { directory: 'out/ExportOutput' } } },
  change: (simulator) => void simulator.mutate(120),
  quietRequests: 4,
};

const suite = crashSuite(sharedServers, { subject: directory });

const placeOf = (site: Site): string => path.join(site.env['TIDEMARK_HOME'] ?? '', 'exports', 'out', 'ExportOutput');

function planOf({ spec }: Site): ExportPlan {
  const plan = exportPlan(spec);
  if (plan === null) throw new Error('The connector has no files.');
  return plan;
}

/** Which pass of a point that a set passes more than once. */
const passes: Readonly<Record<string, number>> = { 'export.afterFile': 2, 'export.afterCookie': 3 };
const kills: Kills = byTurns(exportPoints.map((point) => `${point}:${passes[point] ?? 1}`));

inTurn(
  `I13 killed at ${kills.full.join(', ')} of a full pull and at ${kills.delta.join(', ')} of a delta: consumers have one set or the other (seed ${seed})`,
  () =>
    suite.atSite(async (site) => {
      const plan = planOf(site);
      const seen = (): Seen | null => seenBy(placeOf(site), site.spec.name);
      let old: Seen | null = null;
      let before: Expected | null = null;
      for (const phase of phases) {
        const known = { old, before };
        const check = (found: Seen): void => {
          const now = expectedOf(site.simulator, plan);
          if (known.before === null) expectComplete(found, now);
          else expectDifference(found, known.before, now, { idAt: 1 });
        };
        await askFor(site, phase);
        const worker = await killInTurn(site, kills[phase.name], () => {
          const between = seen();
          if (between === null || between.manifest.run === known.old?.manifest.run) expect(between).toEqual(known.old);
          else check(between);
        });
        const report = await site.runEnds(phase.nth);
        expect(report.verdict).toBe('complete');
        old = seen();
        if (old === null) throw new Error('There is no set.');
        expect(report.run).toBe(`${site.spec.name}:${old.manifest.run}`);
        check(old);
        before = expectedOf(site.simulator, plan);
        const cookies = cookiesIn(path.join(path.dirname(placeOf(site)), 'ExportCookies'), site.spec.name);
        expect(Object.keys(cookies).sort()).toEqual(['directoryRole', 'group', 'servicePrincipal', 'user']);
        await drain(worker);
      }
    }),
  caseTimeoutMs,
);
