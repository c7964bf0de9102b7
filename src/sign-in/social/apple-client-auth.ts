// Presents the gateway to Apple: a client secret that is a short JWT signed with the team's key.
import { importPKCS8, SignJWT } from 'jose';
import type { ClientAuth } from 'openid-client';
import type { Config } from '../../config.js';

/** Apple allows six months; it is made anew for each request. */
const lifetime = '5m';

/**
 * `client_secret_post` with a JWT in the place of the secret
 * (https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret).
 * Openid-client waits for the promise that its type does not speak of.
 */
export function appleClientAuth(config: Config): ClientAuth {
  return async (_server, client, body) => {
    body.set('client_id', client.client_id);
    body.set('client_secret', await signClientSecret(config, client.client_id));
  };
}

async function signClientSecret(config: Config, clientId: string): Promise<string> {
  const { appleIssuer, appleKeyId, applePrivateKey, appleTeamId } = config;
  if (!appleKeyId || !applePrivateKey || !appleTeamId) throw new Error('there is no key for Apple');
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: appleKeyId })
    .setIssuer(appleTeamId)
    .setSubject(clientId)
    .setAudience(appleIssuer)
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(await importPKCS8(applePrivateKey, 'ES256'));
}
