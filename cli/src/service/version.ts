import { readFileSync } from 'node:fs';

/** The version of this software, out of its package.json. Newer members are preferred during a rolling update. */
export function softwareVersion(): string {
  const json: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined;
  return typeof version === 'string' ? version : '0.0.0';
}
