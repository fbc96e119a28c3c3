// What an asset shows of itself that may also be seen elsewhere, and what of it can be believed. Pure.
export interface AssetFacts {
  readonly resourceId: string | null;
  readonly vmId: string | null;
  readonly biosUuid: string | null;
  readonly macs: readonly string[];
  readonly hostname: string | null;
  readonly subscription: string | null;
}

/** A value in the form in which it is compared, or why it says nothing. */
export type Read = { readonly value: string } | { readonly why: string };

const nothing = (why: string): Read => ({ why });

// What makers of boards and images leave in place of an id.
const placeholderUuids = new Set([
  '03000200-0400-0500-0006-000700080009',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '00020003-0004-0005-0006-000700080009',
  'fefefefe-fefe-fefe-fefe-fefefefefefe',
]);

export function readUuid(given: string | null): Read {
  if (given === null) return nothing('there is none');
  const value = given.trim().toLowerCase().replace(/[{}]/g, '');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return nothing('it is no UUID');
  if (/^([0-9a-f])\1*$/.test(value.replaceAll('-', '')) || placeholderUuids.has(value)) return nothing('it is a placeholder');
  return { value };
}

/** Older systems write the first three groups byte by byte from the end: both ways are one. */
export function eitherWay(uuid: string): string {
  const [first = '', second = '', third = '', ...rest] = uuid.split('-');
  const swapped = [...[first, second, third].map((group) => (group.match(/../g) ?? []).toReversed().join('')), ...rest].join('-');
  return swapped < uuid ? swapped : uuid;
}

// Adapters that software makes: VMware, Hyper-V, VirtualBox, Xen, Parallels. They come again with each copy of an image.
const virtualMakers = new Set(['000569', '000c29', '001c14', '005056', '00155d', '080027', '00163e', '001c42']);

export function readMac(given: string): Read {
  const value = given.toLowerCase().replace(/[^0-9a-f]/g, '');
  if (value.length !== 12) return nothing('it is no MAC address');
  if (/^(.)\1*$/.test(value)) return nothing('it is a placeholder');
  const first = Number.parseInt(value.slice(0, 2), 16);
  if ((first & 1) === 1) return nothing('it is of a group of stations');
  // Docker's 02:42 is one of these.
  if ((first & 2) === 2) return nothing('it is made locally, as of containers');
  return virtualMakers.has(value.slice(0, 6)) ? nothing('it is of a virtual adapter') : { value };
}

// What machines are called before anybody names them.
const placeholderHosts = new Set([
  'localhost',
  'unknown',
  'default',
  'none',
  'null',
  'n/a',
  'host',
  'server',
  'desktop',
  'laptop',
  'ubuntu',
  'debian',
  'raspberrypi',
  'vm',
  'computer',
]);

/** The first label, for some sources write the domain and others do not. */
export function readHostname(given: string | null): Read {
  if (given === null) return nothing('there is none');
  const whole = given.trim().toLowerCase();
  const value = whole.split('.')[0] ?? '';
  if (value === '' || /^[\d.:]+$/.test(whole)) return nothing('it is no name');
  if (placeholderHosts.has(value)) return nothing('it is a placeholder');
  if (/^(ip|host|vm)?-?\d{1,3}(-\d{1,3}){3}$/.test(value)) return nothing('it is made of an address');
  return { value };
}

/** Ids of other directories differ in case from source to source. */
export function readText(given: string | null): Read {
  const value = given?.trim().toLowerCase() ?? '';
  return value === '' ? nothing('there is none') : { value };
}
