// A bare Fastify route that takes JSON and answers JSON: what `me` would be with nothing behind it.
import fastify from 'fastify';

const [port, text] = process.argv.slice(2);
const answer = JSON.parse(text);
const app = fastify({ logger: { level: 'warn' } });
app.get('/healthz', async () => ({ status: 'ok' }));
app.post('/graphql', async () => answer);
await app.listen({ host: '127.0.0.1', port: Number(port) });
