// Packages and their CVEs: the same package has the same CVEs wherever it is installed. Everything follows from numbers.
import type { JsonObject } from '../../src/model.ts';
import { cveCount, type EstateShape, pad } from './shape.ts';

const names = [
  'openssl',
  'curl',
  'zlib',
  'glibc',
  'python3',
  'sudo',
  'systemd',
  'libxml2',
  'log4j-core',
  'lodash',
  'requests',
  'bind9',
] as const;

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly fixedVersion: string;
  readonly type: 'OS' | 'Language';
  readonly language: string;
}

export function packageAt(pack: number): Package {
  const name = names[pack % names.length] ?? '';
  const turn = Math.floor(pack / names.length);
  const language = name === 'log4j-core' ? 'java' : name === 'lodash' ? 'javascript' : name === 'requests' ? 'python' : '';
  return {
    name: turn === 0 ? name : `${name}-${turn}`,
    version: `1.${pack % 10}.${turn}-1`,
    // Fixed versions are not always told.
    fixedVersion: pack % 9 === 8 ? '' : `1.${pack % 10}.${turn + 1}-1`,
    type: language === '' ? 'OS' : 'Language',
    language,
  };
}

/** The CVEs of a package, and so many more that became known later. */
export function cvesOf(shape: EstateShape, pack: number, more = 0): JsonObject[] {
  return Array.from({ length: cveCount(shape, pack) + more }, (_, index) => cve(pack, index));
}

const bands = [
  ['Low', 3.1],
  ['Medium', 5.3],
  ['High', 7.5],
  ['Critical', 9.8],
] as const;

function cve(pack: number, index: number): JsonObject {
  const [severity, base] = bands[(pack + index) % bands.length] ?? bands[0];
  const id = cveId(pack, index);
  // Some sources tell neither severity nor score.
  const unknown = pack % 6 === 5;
  return {
    CveId: id,
    Cvss: unknown ? [] : [{ Key: '3', Value: { Base: base, CvssVectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N' } }],
    CvssSource: unknown ? null : 'https://nvd.nist.gov',
    Severity: unknown ? 'Unknown' : severity,
    PublishedDate: `202${4 + (index % 2)}-0${1 + (pack % 9)}-15T00:00:00Z`,
    LastModifiedDate: '2025-11-03T12:15:00Z',
    Weaknesses: { Cwe: [{ Id: `CWE-${20 + (pack % 700)}` }] },
    FixStatus: packageAt(pack).fixedVersion === '' ? 'NoFixAvailable' : 'FixAvailable',
    FixedVersion: packageAt(pack).fixedVersion,
    ExploitabilityDetails: {
      IsInExploitKit: (pack + index) % 29 === 0,
      IsPubliclyDisclosed: (pack + index) % 7 === 0,
      IsVerified: (pack + index) % 13 === 0,
    },
    References: [{ Title: id, Link: `https://nvd.nist.gov/vuln/detail/${id}` }],
    Tags: [],
    Description: `A flaw of ${packageAt(pack).name}.`,
  };
}

export const cveId = (pack: number, index: number): string => `CVE-202${4 + (index % 2)}-${pad(10_000 + pack * 100 + index, 5)}`;
