/** Tokens handed to clients: opaque to them, versioned for us. */

/** `fields` as a token: base64url of JSON, its first element the version. */
export function writeToken(version: string, fields: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([version, ...fields])).toString('base64url');
}

/** The fields of a token of this version; undefined when it is none. Never throws. */
export function readToken(version: string, token: string): readonly unknown[] | undefined {
  try {
    const fields: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(fields) && fields[0] === version ? fields.slice(1) : undefined;
  } catch {
    return undefined;
  }
}
