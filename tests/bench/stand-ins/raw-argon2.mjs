// argon2 alone, as many at a time as the gateway would compute: told for how many ms, tells how many it did.
import { verify } from '@node-rs/argon2';
import { hashesAtOnce } from '../../../dist/sign-in/password/password-hashing.js';

const [password, phc] = process.argv.slice(2);
const atOnce = hashesAtOnce({ webConcurrency: 1 });

process.on('message', async (ms) => {
  let count = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() - begun < ms) {
        if (!(await verify(phc, password))) throw new Error('the password is right');
        count += 1;
      }
    }),
  );
  process.send({ count, rate: (count * 1000) / (performance.now() - begun) });
});
process.send('ready');
