import type { FastifyInstance } from 'fastify';
import type { Tools } from '../context.js';
import type { Outbox } from '../messages/outbox.js';
export function registerOutbox(_app: FastifyInstance, _tools: Tools, _outbox: Outbox): void {}
