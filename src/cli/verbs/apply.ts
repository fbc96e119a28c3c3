// tidemark apply -f FILE|DIR: connections, tags, maps and identification rules. Judges every file first; a bad one is refused before any server is asked, and nothing is changed.
import { listConnections } from '../../store/connection.ts';
import { readIdentificationRules } from '../../store/identificationRules.ts';
import { listMaps } from '../../store/map.ts';
import { listTags } from '../../store/tag.ts';
import type { Context } from '../context.ts';
import { exit, type ExitCode } from '../errors.ts';
import { readCa, readFiles } from '../files.ts';
import { refuseProblems } from '../problems.ts';

interface ApplyOptions {
  readonly file: readonly string[];
  readonly dryRun?: true;
  readonly skipTest?: true;
}

export async function apply(context: Context, options: ApplyOptions): Promise<ExitCode> {
  const files = readFiles(options.file);
  // All connectors come with what judges files: files that are not there are told without.
  const { parseConnectionFiles, problemInWords } = await import('../../connectors/connectionFile.ts');
  const { readSpec } = await import('../../connectors/spec.ts');
  // At the beginning of time nothing is in the past: what is wrong then is wrong whenever and whatever is stored.
  const early = parseConnectionFiles(files, { now: new Date(0), readCa });
  // Only files with tags load the compiler of queries before a server is asked, and only files with maps what maps need.
  const inTags = early.tags.length === 0 ? [] : (await import('../tags.ts')).tagProblems(early.tags, null);
  const inMaps = early.maps.length === 0 ? [] : (await import('../maps.ts')).mapProblems(early.maps);
  refuseProblems([...early.problems, ...inTags, ...inMaps].map(problemInWords));
  const database = await context.database();
  const stored = await listConnections(database);
  const storedMaps = await listMaps(database);
  const { connections, tags, maps, rules, problems } = parseConnectionFiles(files, {
    now: new Date(),
    readCa,
    maps: Object.fromEntries(storedMaps.map(({ name, definition }) => [name, definition])),
    previous: (name) => {
      const found = stored.find((connection) => connection.name.toLowerCase() === name.toLowerCase());
      return found === undefined ? null : readSpec(found.spec);
    },
  });
  const { includeProblems, mapsBeside, tagProblems } = await import('../tags.ts');
  const known = [...(await listTags(database)), ...tags.map(({ tag }) => tag)].map(({ name }) => name);
  const inQueries = tagProblems(tags, mapsBeside(storedMaps, maps));
  const { rulesProblems } = await import('../identificationRules.ts');
  const inRules = rulesProblems(rules, connections, { connections: stored, rules: await readIdentificationRules(database) });
  refuseProblems([...problems, ...includeProblems(connections, known), ...inQueries, ...inRules].map(problemInWords));
  if (options.dryRun === true) {
    const { dryRun } = await import('./applyDryRun.ts');
    await dryRun(context, connections, stored);
    return exit.done;
  }
  const { applyConnections } = await import('./applyConnections.ts');
  return applyConnections(context, connections, { stored, tags, maps, rules, skipTest: options.skipTest === true });
}
