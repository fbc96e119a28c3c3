// tidemark apply -f FILE|DIR: connections and tags. Judges every file first; a bad one is refused before any server is asked, and nothing is changed.
import { parseConnectionFiles, problemInWords } from '../../connectors/connectionFile.ts';
import { readSpec } from '../../connectors/spec.ts';
import { listConnections } from '../../store/connection.ts';
import { listTags } from '../../store/tag.ts';
import type { Context } from '../context.ts';
import { readCa, readFiles } from '../files.ts';
import { refuseProblems } from '../problems.ts';
import { includeProblems, tagProblems } from '../tags.ts';

interface ApplyOptions {
  readonly file: readonly string[];
  readonly dryRun?: true;
}

export async function apply(context: Context, options: ApplyOptions): Promise<void> {
  const files = readFiles(options.file);
  // At the beginning of time nothing is in the past: what is wrong then is wrong whenever and whatever is stored.
  const early = parseConnectionFiles(files, { now: new Date(0), readCa });
  refuseProblems([...early.problems, ...tagProblems(early.tags)].map(problemInWords));
  const database = await context.database();
  const stored = await listConnections(database);
  const { connections, tags, problems } = parseConnectionFiles(files, {
    now: new Date(),
    readCa,
    previous: (name) => {
      const found = stored.find((connection) => connection.name.toLowerCase() === name.toLowerCase());
      return found === undefined ? null : readSpec(found.spec);
    },
  });
  const known = [...(await listTags(database)), ...tags.map(({ tag }) => tag)].map(({ name }) => name);
  refuseProblems([...problems, ...includeProblems(connections, known)].map(problemInWords));
  if (options.dryRun === true) {
    const { dryRun } = await import('./applyDryRun.ts');
    return dryRun(context, connections, stored);
  }
  const { applyConnections } = await import('./applyConnections.ts');
  // Connections may ask for tags of the same files.
  return applyConnections(
    context,
    connections,
    stored,
    tags.length === 0 ? [] : await (await import('../applyTags.ts')).applyTags(context, tags),
  );
}
