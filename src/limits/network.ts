// Owns the answer to "from where": the network of a request, by the one rule of TRUST_PROXY.
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Where a request came from when nobody can say: everyone in this bucket is counted together, never skipped. */
export const unknownNetwork = 'unknown';

/**
 * The network an address belongs to: IPv4 as it is, IPv4-mapped IPv6 as that IPv4, other IPv6 by its /64,
 * because one customer holds all 2^64 addresses of it. Null for what is no address.
 */
export function normaliseNetwork(address: string): string | null {
  const family = isIP(address);
  if (family === 0) return null;
  if (family === 4) return address;
  const groups = expandIPv6(address);
  const [, , , , , mapped, high = 0, low = 0] = groups;
  if (mapped === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of a valid IPv6 address; URL parsing brings every spelling to one. */
function expandIPv6(address: string): number[] {
  const [plain = ''] = address.split('%');
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const [left = '', right] = canonical.split('::');
  const groupsOf = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groupsOf(left);
  if (right === undefined) return before;
  const after = groupsOf(right);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** The network of a request. `request.ip` already follows TRUST_PROXY where that is a list of networks. */
export function networkOf(request: FastifyRequest, trustProxy: readonly string[]): string {
  const address = trustProxy[0] === 'fly' ? request.headers['fly-client-ip'] : request.ip;
  return (typeof address === 'string' && normaliseNetwork(address)) || unknownNetwork;
}
