import { createHash } from 'node:crypto';
import type { GraphQLEnumType } from 'graphql';
import t from 'tap';
import { build, operations } from '../helper.js';

const gateway = await build(t, { PUBLIC_URL: 'https://auth.acme.com' });
const page = await gateway.inject({ url: '/errors' });

/** Elements that have no end tag. */
const empty = ['meta', 'link', 'br', 'hr', 'img', 'input', '!doctype'];

t.test('the page of errors is well-formed HTML that loads nothing', async (t) => {
  t.equal(page.statusCode, 200);
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  t.equal(page.headers['cache-control'], 'public, max-age=3600');
  const [, style = ''] = /<style>([^<]+)<\/style>/.exec(page.body) ?? [];
  const hash = createHash('sha256').update(style).digest('base64');
  t.equal(
    page.headers['content-security-policy'],
    `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'`,
  );
  t.match(page.body, /^<!doctype html>\n<html lang="en">/);
  t.match(page.body, /<title>[^<]+<\/title>/);
  t.notMatch(page.body, /<script|<link|<img|https?:\/\/|javascript:|\son\w+=/i);

  const open: string[] = [];
  for (const [, end, name = ''] of page.body.matchAll(/<(\/?)([!\w]+)[^<>]*>/g)) {
    if (end) t.equal(open.pop(), name, `</${name}> ends what is open`);
    else if (!empty.includes(name)) open.push(name);
  }
  t.strictSame(open, []);
  const text = page.body.replace(/<style>[\s\S]*<\/style>/, '').replace(/<[^<>]*>/g, '');
  t.notMatch(text, /[<>`]|&(?!amp;|lt;|gt;)/, 'no sign is left that means something else in HTML');
});

t.test('the page of errors explains every code, once, where links point', async (t) => {
  const codes = (gateway.app.graphql.schema.getType('AuthErrorCode') as GraphQLEnumType).getValues();
  t.ok(codes.length > 15);
  const listed = [
    ...page.body.matchAll(/<dt id="(\w+)"><a href="#(\w+)">(\w+)<\/a><\/dt>\s*<dd>([\s\S]*?)<\/dd>/g),
  ];
  t.strictSame(
    listed.map(([, id]) => id),
    codes.map(({ name }) => name),
  );
  for (const [, id, link, name, meaning = ''] of listed) {
    t.equal(link, id);
    t.equal(name, id);
    t.ok(meaning.replace(/<[^>]*>/g, '').length > 20, `${id} is explained`);
  }
  const { data } = await gateway.graphql(operations.login, { input: { email: 'x', password: 'y' } });
  t.equal(data.login.docUrl, 'https://auth.acme.com/errors#EMAIL_INVALID');
});
