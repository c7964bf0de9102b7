// loginEvents: what happened at the doors of the account that asks, page by page.

import { callerOf } from '../context.js';
import { badUserInput } from '../errors.js';
import type { LoginEventResolvers, QueryResolvers } from '../graphql/schema.generated.js';
import { listLoginEvents } from './login-events.js';

const mostPerPage = 100;

export const loginEvents: QueryResolvers['loginEvents'] = async (_, { first, after }, context) => {
  const { person } = callerOf(context);
  if (first < 1 || first > mostPerPage) throw badUserInput(`first must be between 1 and ${mostPerPage}`);
  const before = after == null ? Number.MAX_SAFE_INTEGER : readCursor(after);
  if (before === null) throw badUserInput('after is not a cursor of this connection');

  const rows = await listLoginEvents(context.db, person.id, before, first + 1);
  const page = rows.slice(0, first);
  const edges = page.map((node) => ({ node, cursor: writeCursor(node.id) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: false,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
};

/** The fields of LoginEvent that are not simply columns. */
export const loginEventFields: Pick<LoginEventResolvers, 'id'> = {
  id: (event) => String(event.id),
};

function writeCursor(id: number): string {
  return Buffer.from(`event:${id}`).toString('base64url');
}

function readCursor(cursor: string): number | null {
  const [, digits] = /^event:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const id = Number(digits);
  // The decoder is lenient: what is no cursor of ours may look like one to it.
  return writeCursor(id) === cursor ? id : null;
}
