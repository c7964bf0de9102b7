// Asks for links as apps do, and reads the mails that come.
import { randomUUID } from 'node:crypto';
import { type Gateway, operations, randomNetwork, type Sending } from '../../helper.js';
import { linkIn, type Mail, type MailServer } from '../../mail-server.js';

/** What an app holds after it has asked. */
export interface Asked {
  requestId: string;
  deviceSecret: string;
  expiresAt: string;
  resendAt: string;
}

/** What it holds once the mail is there as well. */
export interface Linked extends Asked {
  email: string;
  mail: Mail;
  url: string;
  path: string;
  mailSecret: string;
}

/** A name that nobody else has. */
export const someAddress = (name = 'asha') => `${name}.${randomUUID()}@example.com`;

/** requestMagicLink, each time from another network unless told. */
export async function request(gateway: Gateway, input: Record<string, unknown>, sending: Sending = {}) {
  const answer = await gateway.graphql(
    operations.requestMagicLink,
    { input },
    { from: randomNetwork(), ...sending },
  );
  return { ...answer, asked: answer.data?.requestMagicLink };
}

/** requestMagicLink, and the mail that follows. */
export async function askForLink(
  gateway: Gateway,
  server: MailServer,
  input: Record<string, unknown> & { email: string },
  sending: Sending = {},
): Promise<Linked> {
  const before = server.mailsTo(input.email).length;
  const { asked, body } = await request(gateway, input, sending);
  if (asked?.__typename !== 'MagicLinkRequested') throw new Error(`not asked: ${body}`);
  const mail = await server.mailTo(input.email, before + 1);
  return { ...asked, email: input.email, mail, ...linkIn(mail) };
}

/** verifyMagicLink with any halves. */
export async function verify(gateway: Gateway, input: Record<string, unknown>, sending: Sending = {}) {
  const answer = await gateway.graphql(
    operations.verifyMagicLink,
    { input },
    { from: randomNetwork(), ...sending },
  );
  return { ...answer.data?.verifyMagicLink, body: answer.body };
}

/** verifyMagicLink with both halves of a link. */
export const open = (gateway: Gateway, { requestId, deviceSecret, mailSecret }: Linked, sending?: Sending) =>
  verify(gateway, { requestId, deviceSecret, mailSecret }, sending);

/** The 8 characters that the page behind a link shows. */
export async function typedCodeOf(gateway: Gateway, path: string): Promise<string> {
  const { statusCode, body } = await gateway.inject({ url: path });
  const [, first, second] = /<span>(\w{4})<\/span> <span>(\w{4})<\/span>/.exec(body) ?? [];
  if (statusCode !== 200 || first === undefined) throw new Error(`no code at ${path}: ${statusCode}`);
  return `${first}${second}`;
}

/**
 * What many answers at once came to. On a machine that is busy, some are told that the gateway has no connection free;
 * these say nothing about what is counted.
 */
export function outcomes(answers: { __typename?: string; code?: string; body: string }[]): string[] {
  const told = answers.filter(({ body }) => !body.includes('"UNAVAILABLE"'));
  return told.map(({ __typename, code, body }) => code ?? __typename ?? body);
}

/** A body without what is random or the time. */
export const masked = (body: string) =>
  body
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/"accessTokenExpiresIn":\d+/g, '"accessTokenExpiresIn":"<seconds>"')
    .replaceAll(/"deviceSecret":"[\w-]{22}"/g, '"deviceSecret":"<secret>"');
