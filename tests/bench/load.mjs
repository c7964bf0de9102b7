// The load generator: some keep-alive connections, each with one request at a time, on bare sockets so that it is light.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} Load
 * @property {(connection: number) => string | null} ask the next request of a connection; null: it has no more
 * @property {string} expect what stands in every good answer; anything else fails the bench
 * @property {number} [connections]
 * @property {number} [pauseMs] rest between an answer and the next request
 * @property {(answer: string) => void} [hear]
 */

/** Loads a port for so many seconds. Returns how many answers came a second, and how long each took, in ms. */
export async function load(port, seconds, { ask, expect, connections = 16, pauseMs = 0, hear }) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const took = [];
  const begun = performance.now();
  const deadline = begun + seconds * 1000;
  await Promise.all(
    sockets.map(async (socket, connection) => {
      for (let asked = begun; asked < deadline; ) {
        const request = ask(connection);
        if (request === null) break;
        asked = performance.now();
        const answer = await exchange(socket, request);
        took.push(performance.now() - asked);
        if (!answer.includes(expect)) throw new Error(`no ${expect} in the answer:\n${answer}`);
        hear?.(answer);
        if (pauseMs > 0) await sleep(pauseMs);
      }
    }),
  ).finally(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { count: took.length, rate: (took.length * 1000) / (performance.now() - begun), took };
}

async function open(port) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  socket.setEncoding('latin1');
  return socket;
}

function exchange(socket, request) {
  return new Promise((resolve, reject) => {
    let answer = '';
    const hear = (chunk) => {
      answer += chunk;
      const head = answer.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1]);
      if (answer.length < head + 4 + length) return;
      finish(() => resolve(answer));
    };
    const fail = () => finish(() => reject(new Error('the connection was closed')));
    const finish = (settle) => {
      socket.off('data', hear).off('close', fail).off('error', fail);
      settle();
    };
    socket.on('data', hear).on('close', fail).on('error', fail);
    socket.write(request);
  });
}

/** A POST as a phone's HTTP client sends it on a kept connection. */
export function post(path, body, token) {
  const text = JSON.stringify(body);
  const bearer = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
  return (
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\n${bearer}` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}
