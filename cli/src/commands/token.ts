import { writeFile } from 'node:fs/promises';
import { SystemClock } from '@parkade/clock';
import { DEV_AUDIENCE, DEV_ISSUER, loadDevKey, ROLES } from '@parkade/identity';
import type { Command } from 'commander';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag, FLAGS } from '../flags/flags.js';
import { DEV_TOKEN_MS } from '../security/open-security.js';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import type { Output } from '../terminal/output.js';

const MAX_TOKEN_MS = 366 * 86_400_000;

const EXAMPLES = `
Whoever has the key file can make any token: it is for development and tests. The processes take it with --auth dev, or its
public half with --auth jwt, --issuer ${DEV_ISSUER} and --audience ${DEV_AUDIENCE} (--jwks-out writes it).

Examples:
  export PARKADE_TOKEN=$(parkade token --auth-key dev.jwk --tenant demo --role park,retrieve,view)
  parkade token --auth-key dev.jwk --tenant demo --lot sales --role park --subject desk-7 --expires 1h
  parkade token --auth-key dev.jwk --operator`;

/** `parkade token`: a token made with a development key. */
export function addToken(program: Command, output: Output): void {
  const command = program.command('token').description('make a token with a development key');
  addFlags(
    command,
    flag('--auth-key <file>', 'the key; made where there is none', 'PARKADE_AUTH_KEY'),
    FLAGS.tenant,
    flag('--lot <lot>', 'the rights are in this lot alone'),
    flag('--role <role,...>', `any of ${ROLES.join(', ')}`),
    flag('--operator', 'everything in every tenant'),
    flag('--subject <name>', 'whose token it is', undefined, 'developer'),
    flag('--issuer <text>', 'the claim iss', undefined, DEV_ISSUER),
    flag('--audience <text>', 'the claim aud', undefined, DEV_AUDIENCE),
    flag('--expires <time>', 'how long it is good', undefined, '12h'),
    flag('--jwks-out <file>', 'write the public half of the key there, for --jwks'),
    FLAGS.json,
  );
  command.addHelpText('after', EXAMPLES).action(async (values: Record<string, unknown>) => {
    const reader = new FlagReader(values);
    const path = reader.required('authKey', 'a file for the key');
    const tenant = reader.text('tenant') ?? '';
    const roles = reader.list('role');
    const operator = reader.boolean('operator', false);
    const lifeMs = reader.time('expires', 1_000, MAX_TOKEN_MS, DEV_TOKEN_MS);
    const unknown = roles.filter((role) => !(ROLES as readonly string[]).includes(role));
    if (unknown.length > 0) reader.fault(`--role knows ${ROLES.join(', ')}, not ${unknown.join(', ')}`);
    if (roles.length === 0 && !operator) reader.fault('--role is missing: what the token allows; or --operator');
    if (operator && (roles.length > 0 || reader.has('lot'))) {
      reader.fault('--operator may do everything everywhere: leave it out, or leave --role and --lot out');
    }
    reader.check();
    const lot = reader.text('lot');
    const rights = {
      operator,
      tenants: roles.length === 0 ? {} : { [tenant]: lot === undefined ? { roles } : { lots: { [lot]: roles } } },
    };
    const nowMs = new SystemClock().nowMs();
    try {
      const key = await loadDevKey(path, true);
      const out = reader.text('jwksOut');
      if (out !== undefined) await writeFile(out, `${JSON.stringify(key.jwks, undefined, 2)}\n`);
      const token = await key.mint({
        subject: reader.text('subject') ?? '',
        rights,
        nowMs,
        expiresAtMs: nowMs + lifeMs,
        issuer: reader.text('issuer'),
        audience: reader.text('audience'),
      });
      output.line(reader.boolean('json', false) ? JSON.stringify({ token }) : token);
    } catch (error) {
      throw new CommandFailure(
        EXIT.usage,
        error instanceof Error ? error.message : String(error),
        {},
        { cause: error },
      );
    }
  });
}
