// Lists from outside by which CVEs are scored: local files, never downloaded. Each is read once, and again when it has changed.
import { createHash } from 'node:crypto';
import { epssFix, readEpss } from './epss.ts';
import { kevFix, readKev } from './kev.ts';
import { stampOf } from './listFile.ts';

export interface ListFiles {
  /** Absolute; null: none is given. */
  readonly kevFile: string | null;
  readonly epssFile: string | null;
}

/** By CVE in upper case; null where none is given. `hash` tells what they say from what others do. */
interface CveLists {
  readonly kev: ReadonlyMap<string, string> | null;
  readonly epss: ReadonlyMap<string, number> | null;
  readonly hash: string;
}

/** @throws CONFIG_INVALID naming the file, what is wrong with it and what to do. */
export type ReadLists = () => Promise<CveLists>;

export function listsFrom({ kevFile, epssFile }: ListFiles): ReadLists {
  const kev = keptList(kevFile, kevFix, readKev);
  const epss = keptList(epssFile, epssFix, readEpss);
  return async () => {
    const lists = [await kev(), await epss()] as const;
    const [known, likely] = lists;
    const hash = createHash('sha256').update(JSON.stringify(lists.map((list) => list?.sha256 ?? null)));
    return { kev: known?.entries ?? null, epss: likely?.entries ?? null, hash: hash.digest('hex') };
  };
}

interface List<T> {
  readonly sha256: string;
  readonly entries: ReadonlyMap<string, T>;
}

/** Whoever asks while it is read waits for the same reading. */
function keptList<T>(file: string | null, fix: string, read: (file: string) => Promise<List<T>>): () => Promise<List<T> | null> {
  if (file === null) return () => Promise.resolve(null);
  let kept: { readonly stamp: string; readonly list: Promise<List<T>> } | null = null;
  return async () => {
    const stamp = await stampOf(file, fix);
    if (kept?.stamp !== stamp) {
      const fresh = { stamp, list: read(file) };
      kept = fresh;
      // One that failed is tried again.
      fresh.list.catch(() => {
        if (kept === fresh) kept = null;
      });
    }
    return kept.list;
  };
}
