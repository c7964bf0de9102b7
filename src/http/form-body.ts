// Reads the bodies that HTML forms send, for the few routes that take them.
import type { FastifyInstance } from 'fastify';

/** Lets the routes of this scope take forms, as URLSearchParams. */
export function takeForms(scope: FastifyInstance): void {
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );
}

/** The fields of a form; none where something else was sent. */
export function fieldsOf({ body }: { body: unknown }): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}
