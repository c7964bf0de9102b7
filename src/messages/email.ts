// Sends mails over SMTP (nodemailer): one recipient a mail, plain and HTML, under a Message-ID that never changes.
import { createTransport } from 'nodemailer';
import type { Config } from '../config.js';
import { type Door, type Handed, sendTimeoutMs } from './channel.js';

/** The door of SMTP_URL. Connections are kept for the next mail. */
export function openEmail(config: Config, smtpUrl: string): Door {
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    connectionTimeout: sendTimeoutMs,
    greetingTimeout: sendTimeoutMs,
    socketTimeout: 3 * sendTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    // Production hands no password to a server it cannot tell from another.
    ...(config.nodeEnv === 'production' && smtpUrl.startsWith('smtp:') && { requireTLS: true }),
  });
  const host = new URL(config.publicUrl).hostname;
  return {
    async send({ deliveryId, to, content }): Promise<Handed> {
      try {
        const sent = await transport.sendMail({
          from: config.mailFrom,
          // An object is taken as it is: no text of ours is parsed as a list of addresses.
          to: { name: '', address: to },
          subject: content.subject,
          text: content.text,
          html: content.html,
          messageId: `<${deliveryId}@${host}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': content.locale },
        });
        return { ok: true, providerId: sent.messageId };
      } catch (error) {
        const { responseCode, code } = error as { responseCode?: number; code?: string };
        // 5yz is the server's last word (RFC 5321, section 4.2.1); anything else may pass.
        const final = responseCode !== undefined && responseCode >= 500;
        return { ok: false, errorCode: String(responseCode ?? code ?? 'SMTP'), final };
      }
    },
    close: () => transport.close(),
  };
}
