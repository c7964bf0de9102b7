// Owns the list of providers that are switched on, by configuration alone: who may vouch for people here.
import type { ClientAuth } from 'openid-client';
import type { Config } from '../../config.js';
import type { Tools } from '../../context.js';
import { appleClientAuth } from './apple-client-auth.js';
import { ProviderKeys } from './provider-keys.js';

export type SocialMethod = 'GOOGLE' | 'APPLE' | 'FIREBASE' | 'OPENID';

/** A provider as it is configured here. */
export interface Provider {
  /** In addresses, and for `startSocialSignIn`. */
  name: string;
  method: SocialMethod;
  /** What its identities are kept under. */
  issuer: string;
  /** What its tokens may give as `iss`. */
  issuers: readonly string[];
  /** Whom its tokens may be for. */
  audiences: readonly string[];
  /** Whether its word on a mailbox is taken. */
  vouchesForEmail: boolean;
  keys: ProviderKeys;
  /** How the gateway presents itself to its token endpoint; null: only native tokens are taken. */
  client: { id: string; auth: ClientAuth } | null;
}

/** The providers that are switched on. */
export interface Providers {
  readonly all: readonly Provider[];
  byName(name: string): Provider | null;
  byIssuer(issuer: string): Provider | null;
  byMethod(method: Exclude<SocialMethod, 'OPENID'>): Provider | null;
}

export function openProviders(config: Config, log: Tools['log']): Providers {
  const all = listProviders(config, log);
  const find = (fits: (provider: Provider) => boolean) => all.find(fits) ?? null;
  return {
    all,
    byName: (name) => find((provider) => provider.name === name),
    byIssuer: (issuer) => find((provider) => provider.issuer === issuer),
    byMethod: (method) => find((provider) => provider.method === method),
  };
}

function listProviders(config: Config, log: Tools['log']): Provider[] {
  const providers: Provider[] = [];
  const add = (provider: Omit<Provider, 'keys'>) =>
    providers.push({ ...provider, keys: new ProviderKeys(provider.issuer, log) });

  const [serverId] = config.googleClientIds ?? [];
  if (config.googleClientIds && serverId !== undefined) {
    const issuer = config.googleIssuer;
    add({
      name: 'google',
      method: 'GOOGLE',
      issuer,
      // Google's tokens may leave the scheme out (https://developers.google.com/identity/gsi/web/guides/verify-google-id-token).
      issuers: [issuer, issuer.replace(/^https:\/\//, '')],
      audiences: config.googleClientIds,
      vouchesForEmail: true,
      client: config.googleClientSecret
        ? { id: serverId, auth: sendSecret(config.googleClientSecret) }
        : null,
    });
  }
  const appleIds = [config.appleServicesId, config.appleClientIds].flat().filter((id) => id !== undefined);
  if (appleIds.length > 0) {
    add({
      name: 'apple',
      method: 'APPLE',
      issuer: config.appleIssuer,
      issuers: [config.appleIssuer],
      audiences: appleIds,
      vouchesForEmail: true,
      client: config.appleServicesId ? { id: config.appleServicesId, auth: appleClientAuth(config) } : null,
    });
  }
  if (config.firebaseProjectId !== undefined) {
    const issuer = `${config.firebaseIssuer}/${config.firebaseProjectId}`;
    add({
      name: 'firebase',
      method: 'FIREBASE',
      issuer,
      issuers: [issuer],
      audiences: [config.firebaseProjectId],
      vouchesForEmail: true,
      client: null,
    });
  }
  for (const { name, issuer, clientId, clientSecret, vouchesForEmail } of config.oidcProviders) {
    add({
      name,
      method: 'OPENID',
      issuer,
      issuers: [issuer],
      audiences: [clientId],
      vouchesForEmail,
      client: { id: clientId, auth: clientSecret === undefined ? sendId : sendSecret(clientSecret) },
    });
  }
  return providers;
}

/** In the form if the provider takes it there, else in the header, which is what one that says nothing takes (OpenID Connect Discovery, section 3). */
function sendSecret(secret: string): ClientAuth {
  return async (server, client, body, headers) => {
    const { ClientSecretBasic, ClientSecretPost } = await import('openid-client');
    const inForm = server.token_endpoint_auth_methods_supported?.includes('client_secret_post');
    const present = inForm ? ClientSecretPost(secret) : ClientSecretBasic(secret);
    return present(server, client, body, headers);
  };
}

/** A public client, which has PKCE alone. */
const sendId: ClientAuth = (_server, client, body) => body.set('client_id', client.client_id);
