import { createHash } from 'node:crypto';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** What a server keeps of a password: RFC 2617's HA1. */
export function ha1(user: string, realm: string, password: string): string {
  return md5(`${user}:${realm}:${password}`);
}

/** The Authorization header that answers a challenge (RFC 2617, MD5, `qop=auth` where it is offered). */
export function authorization(
  challenge: string,
  request: { readonly method: string; readonly uri: string },
  { user, password }: { readonly user: string; readonly password: string },
): string {
  const value = (name: string): string => new RegExp(`${name}="?([^",]*)"?`).exec(challenge)?.[1] ?? '';
  const [realm, nonce] = [value('realm'), value('nonce')];
  const ha2 = md5(`${request.method}:${request.uri}`);
  const secret = ha1(user, realm, password);
  const basic = `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${request.uri}", algorithm=MD5`;
  if (!value('qop').includes('auth')) return `${basic}, response="${md5(`${secret}:${nonce}:${ha2}`)}"`;
  const reply = md5(`${secret}:${nonce}:00000001:0a4f113b:auth:${ha2}`);
  return `${basic}, qop=auth, nc=00000001, cnonce="0a4f113b", response="${reply}"`;
}
