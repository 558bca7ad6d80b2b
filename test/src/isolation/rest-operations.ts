import { request } from 'node:https';
import type { Caller, Operation, Outcome } from './operations.js';

/** The part of an OpenAPI document that says what there is. */
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A gateway's REST API, over TLS. */
export interface RestPlace {
  /** `https://host:port` */
  readonly url: string;
  /** The CA that its certificate is signed by, as PEM. */
  readonly ca: Buffer;
}

const TIMEOUT_MS = 60_000;

/** Every operation in the document that the API serves of itself: `GET /call_park`. */
export async function restOperations(place: RestPlace): Promise<readonly Operation[]> {
  const { body } = await asked(place, 'GET', '/api/openapi.json');
  const { paths } = JSON.parse(body) as Document;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): Operation => {
      const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'extension_number' ? '101' : 'acme'));
      const name = `${method.toUpperCase()} ${path}`;
      return { name, call: (caller) => outcome(place, method.toUpperCase(), `/api${url}`, caller) };
    }),
  );
}

async function outcome(place: RestPlace, method: string, path: string, { token }: Caller): Promise<Outcome> {
  const headers = {
    'parkade-tenant': 'acme',
    // Where it changes something, at a revision at which nothing is, so that nothing is changed.
    'if-match': '"1"',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const { status, body } = await asked(place, method, path, headers);
  const { reason } = (status < 400 || body === '' ? {} : JSON.parse(body)) as { readonly reason?: string };
  if (reason === 'TENANT_NOT_FOUND') return 'no-tenant';
  return status === 401 ? 'unauthenticated' : status === 403 ? 'denied' : 'served';
}

function asked(
  { url, ca }: RestPlace,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, url),
      { method, headers, ca, servername: 'parkade', timeout: TIMEOUT_MS },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (text: string) => (body += text));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} was not answered in time`)));
    sent.on('error', reject);
    sent.end();
  });
}
