// Owns who sees the development pages: this machine, and with DEV_LAN=1 the local network.
import { BlockList, isIP } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** An `onRequest` hook for development pages: 403 for everyone else. */
export function admitNeighbours(config: Pick<Config, 'devLan' | 'publicUrl'>) {
  const ownName = new URL(config.publicUrl).hostname;
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const problem = findProblem(request);
    if (problem === null) return;
    reply.code(403).header('cache-control', 'no-store').type('text/plain; charset=utf-8');
    return reply.send(`${problem}\n`);
  };

  function findProblem({ socket, headers }: FastifyRequest): string | null {
    // By the socket: whoever could write a header would let themselves in.
    if (!config.devLan && !isLoopback(socket.remoteAddress)) {
      return 'The development pages answer this machine only. To open them to the local network, set DEV_LAN=1.';
    }
    // DNS rebinding: a web page anywhere can have its own name resolve to this machine, but not forge the Host header.
    if (!isOurs(nameIn(headers.host))) {
      return 'The development pages answer to localhost, to the host of PUBLIC_URL and, with DEV_LAN=1, to addresses and local names.';
    }
    return null;
  }

  function isOurs(name: string | null): boolean {
    if (name === null) return false;
    if (['localhost', '127.0.0.1', '[::1]', ownName].includes(name)) return true;
    // Rebinding takes a name in the public DNS, which none of these is (.local: RFC 6762, section 3).
    const isAddress = isIP(name.replace(/^\[|\]$/g, '')) !== 0;
    return config.devLan && (isAddress || !name.includes('.') || name.endsWith('.local'));
  }
}

function isLoopback(address = ''): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** The host without its port, in the spelling of URLs. */
function nameIn(host = ''): string | null {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
