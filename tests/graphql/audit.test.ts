import { serverAudits } from 'graphql-http';
import t from 'tap';
import { build } from '../helper.js';

const { app } = await build(t);
const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`;

t.test('GraphQL over HTTP is spoken as graphql-http audits it', async (t) => {
  const audits = serverAudits({ url, fetchFn: fetch });
  t.equal(audits.length, 61);
  for (const { name, fn } of audits) {
    const result = await fn();
    t.equal(result.status, 'ok', name, result.status === 'ok' ? {} : { reason: result.reason });
  }
});
