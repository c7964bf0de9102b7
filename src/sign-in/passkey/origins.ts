// Tells which origins may use the passkeys of this gateway: one list for every ceremony, from the one list of apps.
import type { Config } from '../../config.js';

/**
 * Web pages under the relying party's id, iOS apps, which claim `https://<rp id>`, and Android apps, which claim the
 * hash of the certificate that signs them (https://developer.android.com/identity/sign-in/credential-manager).
 */
export function passkeyOrigins({
  androidApps,
  corsOrigins,
  passkeyRpId,
  publicUrl,
}: Pick<Config, 'androidApps' | 'corsOrigins' | 'passkeyRpId' | 'publicUrl'>): string[] {
  const isUnder = (origin: string) => `.${new URL(origin).hostname}`.endsWith(`.${passkeyRpId}`);
  const pages = [new URL(publicUrl).origin, ...corsOrigins].filter(isUnder);
  const apps = androidApps.map(({ fingerprint }) => {
    const bytes = Buffer.from(fingerprint.replaceAll(':', ''), 'hex');
    return `android:apk-key-hash:${bytes.toString('base64url')}`;
  });
  return [...new Set([`https://${passkeyRpId}`, ...pages, ...apps])];
}
