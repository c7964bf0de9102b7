// Declares what the tests use of oidc-provider, which publishes no types.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** A request as its middleware sees it. */
  export interface ProviderContext {
    status: number;
    oidc?: {
      route: string;
      params?: Record<string, string | undefined>;
      client: { clientId: string };
      account: { accountId: string };
      session: { accountId: string };
      provider: Provider;
    };
  }

  interface Stored {
    save(): Promise<string>;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    readonly Client: {
      prototype: { clientId: string; compareClientSecret(secret: string): boolean | Promise<boolean> };
      find(id: string): Promise<object | undefined>;
    };
    readonly Grant: new (of: {
      clientId: string;
      accountId: string;
    }) => Stored & { addOIDCScope(scope: string): void };
    readonly AuthorizationCode: new (
      of: object,
    ) => Stored;
    readonly RefreshToken: { find(value: string): Promise<{ clientId: string } | undefined> };
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    on(event: 'refresh_token.saved', listener: (token: { jti: string }) => void): void;
    use(middleware: (context: ProviderContext, next: () => Promise<void>) => Promise<void>): void;
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
  }
}
