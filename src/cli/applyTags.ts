// Stores tags, and has the connections that ask for them judge their hosts anew.
import type { FoundTag } from '../connectors/connectionFile.ts';
import { activeStreams } from '../connectors/select.ts';
import { readSpec } from '../connectors/spec.ts';
import { includedTags } from '../pull/include.ts';
import { listConnections } from '../store/connection.ts';
import { putTag } from '../store/tag.ts';
import type { Applied } from './applied.ts';
import type { Context } from './context.ts';
import { askForRun } from './entity.ts';

/** Stores the tags. Each connection that includes by a changed one is asked for a run of the profiles that pull hosts, which judges all of them anew. */
export async function applyTags(context: Context, tags: readonly FoundTag[]): Promise<Applied[]> {
  const database = await context.database();
  const client = await context.temporal();
  const applied: Applied[] = [];
  for (const { file, tag } of tags) applied.push({ name: tag.name, change: await putTag(database, tag), file });
  const changed = new Set(applied.filter(({ change }) => change === 'changed').map(({ name }) => name));
  for (const { name, spec: stored } of await listConnections(database)) {
    const spec = readSpec(stored);
    if (!includedTags(spec).some((tag) => changed.has(tag))) continue;
    const profiles = spec.profiles.filter(
      (profile) => profile.status === 'active' && activeStreams(spec, profile.name).some(({ map }) => map !== null),
    );
    for (const profile of profiles) {
      await askForRun(client, name, profile.name);
      context.output.note(
        `${name}: its hosts are judged by the changed tags in a run of profile ${profile.name}, now or when it is resumed.`,
      );
    }
  }
  return applied;
}
