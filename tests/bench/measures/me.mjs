// `me` against a bare Fastify route, with tokens that the gateway remembers and with tokens it never saw; and the
// same text against texts that were never sent before.
import { compare, spending } from '../compare.mjs';
import { load } from '../load.mjs';
import { me, meInNewWords, refreshes } from '../requests.mjs';
import { openGateway, startBareRoute } from '../servers.mjs';

const sessions = 1000;
const connections = 16;

/** Access tokens of `count` sessions, by refreshing each of them. */
export async function accessTokens(gateway, count) {
  const refresh = refreshes(sessions, connections);
  const tokens = [];
  const ask = (connection) => (tokens.length < count ? refresh(connection) : null);
  const hear = (answer) => void tokens.push(/"accessToken":"([^"]+)"/.exec(answer)[1]);
  await load(gateway.port, 60, { ask, hear, expect: '"SessionTokens"', connections });
  return tokens;
}

async function answerOf(gateway, request) {
  const answers = [];
  const hear = (answer) => void answers.push(answer);
  const ask = () => (answers.length === 0 ? request : null);
  await load(gateway.port, 60, { ask, hear, expect: '"data"', connections: 1 });
  return JSON.parse(answers[0].slice(answers[0].indexOf('\r\n\r\n')));
}

export async function measureMe() {
  const gateway = await openGateway(sessions);
  const tokens = await accessTokens(gateway, connections);
  const bare = await startBareRoute(await answerOf(gateway, me(tokens[0])));

  const loaded = (server, seconds, ask) =>
    spending(server.pid, () => load(server.port, seconds, { ask, expect: '"me"', connections }));
  const asking = (connection) => me(tokens[connection]);
  const known = () => loaded(gateway, 0.8, asking);
  const route = () => loaded(bare, 0.8, asking);
  const newWords = () => loaded(gateway, 0.8, (connection) => meInNewWords(tokens[connection]));
  const newTokens = async () => {
    const fresh = await accessTokens(gateway, 1500);
    return loaded(gateway, 60, () => (fresh.length > 0 ? me(fresh.pop()) : null));
  };

  await known();
  await route();
  return [
    await compare('me', 'a bare Fastify route', known, route),
    await compare('me, each token for the first time', 'a bare Fastify route', newTokens, route),
    await compare('me, each GraphQL text for the first time', 'one text', newWords, known),
  ];
}
