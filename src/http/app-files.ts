// Owns the files by which Apple and Google know that the apps of IOS_APPS and ANDROID_APPS belong to this host.
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.js';

/** Both platforms want 200, JSON, no redirect and no file extension; each file only where there are apps for it. */
export function registerAppFiles(app: FastifyInstance, config: Config): void {
  const files: [name: string, content: object | null][] = [
    ['apple-app-site-association', siteAssociation(config)],
    ['assetlinks.json', assetLinks(config)],
  ];
  for (const [name, content] of files) {
    if (content === null) continue;
    app.get(`/.well-known/${name}`, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=3600').type('application/json; charset=utf-8');
      return JSON.stringify(content);
    });
  }
}

/** https://developer.apple.com/documentation/xcode/supporting-associated-domains */
function siteAssociation({ appLinks, iosApps, publicUrl }: Config): object | null {
  if (iosApps.length === 0) return null;
  const host = new URL(publicUrl).host;
  const own = appLinks.filter((link) => /^https:/i.test(link) && new URL(link).host === host);
  // Links of mails, and where the browser sends people back; every other page is for the browser.
  const paths = new Set([
    `${new URL(publicUrl).pathname.replace(/\/$/, '')}/m/*`,
    ...own.map((link) => new URL(link).pathname),
  ]);
  return {
    applinks: { details: [{ appIDs: iosApps, components: [...paths].map((path) => ({ '/': path })) }] },
    webcredentials: { apps: iosApps },
  };
}

/** https://developer.android.com/training/app-links/configure-assetlinks, and for passkeys get_login_creds. */
function assetLinks({ androidApps }: Config): object | null {
  if (androidApps.length === 0) return null;
  const packages = [...new Set(androidApps.map(({ packageName }) => packageName))];
  return packages.map((packageName) => ({
    relation: ['delegate_permission/common.handle_all_urls', 'delegate_permission/common.get_login_creds'],
    target: {
      namespace: 'android_app',
      package_name: packageName,
      sha256_cert_fingerprints: androidApps
        .filter((app) => app.packageName === packageName)
        .map(({ fingerprint }) => fingerprint),
    },
  }));
}
