// Owns what is said where no route answers: the coded errors of GraphQL, for every path, method and broken request.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import type { Tools } from '../context.js';
import { badUserInput } from '../errors.js';
import { sendAnswer } from '../graphql/http.js';
import { answerErrors } from '../graphql/mask-errors.js';
import { bareHeaders } from './security-headers.js';

/** Every method that a route here is for. */
const methods = ['GET', 'HEAD', 'POST', 'OPTIONS'];

/** Answers whatever is thrown outside of an operation, and whatever nobody answers, behind the shield of the rates. */
export function registerRefusals(app: FastifyInstance, tools: Pick<Tools, 'config' | 'metrics'>): void {
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendAnswer(answerErrors({ errors: [error] }, request, tools), request, reply);

  app.setErrorHandler(refuse);
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, async (request, reply) => {
    const [url = ''] = request.url.split('?', 1);
    // It takes a pattern, whose regular expressions it compiles: a path of strangers must not be read as one.
    const isPattern = /[:*]/.test(url);
    const allowed = methods.filter((method) => !isPattern && app.hasRoute({ method, url }));
    if (allowed.length === 0) return refuse(badUserInput('There is nothing here.', 404), request, reply);
    reply.header('allow', allowed.join(', '));
    return refuse(badUserInput(`${request.method} is not for this path.`, 405), request, reply);
  });
}

/** Fastify's options for requests that are refused before any hook of ours sees them. */
export const beforeHooks: Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> = {
  // A path that cannot be decoded.
  frameworkErrors: (_error, _request, reply: FastifyReply) => {
    reply.code(400).headers(bareHeaders).send(refusal(400));
  },
  // What is no HTTP, too large a head, or too slow.
  clientErrorHandler: ({ code }, socket) => {
    if (code === 'ECONNRESET' || socket.destroyed) return;
    const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    if (socket.writable) write(socket, status, refusal(status));
    socket.destroy();
  },
};

function write(socket: Socket, status: number, body: string): void {
  const head = Object.entries({ ...bareHeaders, 'content-length': body.length, connection: 'close' });
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...head.map((field) => field.join(': '))];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function refusal(status: number): string {
  return JSON.stringify({ errors: [badUserInput(STATUS_CODES[status] ?? 'Bad Request')] });
}
