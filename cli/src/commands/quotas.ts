import {
  AdminServiceClient,
  GetTenantQuotasRequest,
  PutTenantQuotasRequest,
  type PutTenantQuotasResponse,
} from '@parkade/proto/admin';
import { CHANNEL_OPTIONS } from '@parkade/rpc';
import { MAX_QUOTA } from '@parkade/settings';
import type { Command } from 'commander';
import { addClientFlags, runClientOf, type Service } from '../client/client-command.js';
import { callUnary } from '../client/park-client.js';
import type { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag } from '../flags/flags.js';
import type { Output } from '../terminal/output.js';

const ADMIN: Service<InstanceType<typeof AdminServiceClient>> = {
  flag: 'gateway',
  name: 'gateway',
  open: (address, channel) =>
    new AdminServiceClient(address, channel.credentials, { ...CHANNEL_OPTIONS, ...channel.options }),
};

const NAMES = ['parkedCalls', 'slots', 'watches', 'requestsPerSecond', 'requestBurst'] as const;
const WORDS: Readonly<Record<(typeof NAMES)[number], string>> = {
  parkedCalls: 'parked calls',
  slots: 'slots in use',
  watches: 'watches',
  requestsPerSecond: 'requests a second',
  requestBurst: 'requests at once',
};

/** `parkade quotas show|set|clear`. */
export function addQuotas(program: Command, output: Output): void {
  const quotas = program.command('quotas').description('how much of the cluster a tenant may take; for operators');
  quotas.addHelpText('after', '\nExamples:\n  parkade quotas set --tenant acme --parked-calls 5000');
  const show = quotas.command('show').description('what is set for a tenant, and what is in force');
  addClientFlags(show)
    .addHelpText('after', '\nExamples:\n  parkade quotas show --tenant acme')
    .action((values: Record<string, unknown>) =>
      runClientOf(
        ADMIN,
        values,
        output,
        () => undefined,
        async ({ client, tenantId, timeoutMs, clock, json }) => {
          const request = GetTenantQuotasRequest.fromPartial({ tenantId });
          tell(output, json, await callUnary(client.getTenantQuotas.bind(client), request, timeoutMs, clock));
        },
      ),
    );
  const set = quotas.command('set').description('set what is named; the rest stays as it is');
  addFlags(
    set,
    flag('--parked-calls <n>', 'calls parked at a time, in all lots'),
    flag('--slots <n>', 'slots in use at a time'),
    flag('--watches <n>', 'watches open at a time'),
    flag('--requests-per-second <n>', 'requests a second in the long run'),
    flag('--request-burst <n>', 'requests at once after a pause'),
  );
  addClientFlags(set)
    .addHelpText(
      'after',
      '\nExamples:\n  parkade quotas set --tenant acme --parked-calls 5000 --requests-per-second 1000',
    )
    .action((values: Record<string, unknown>) =>
      runClientOf(ADMIN, values, output, readQuotas, async ({ client, tenantId, timeoutMs, clock, json }, given) => {
        const asked = GetTenantQuotasRequest.fromPartial({ tenantId });
        const { quotas: own, revision } = await callUnary(client.getTenantQuotas.bind(client), asked, timeoutMs, clock);
        // At the revision that was read: what somebody else sets meanwhile is not undone.
        const request = PutTenantQuotasRequest.fromPartial({
          tenantId,
          quotas: { ...own, ...given },
          expectedRevision: revision,
        });
        tell(output, json, await callUnary(client.putTenantQuotas.bind(client), request, timeoutMs, clock));
      }),
    );
  const clear = quotas
    .command('clear')
    .description('take back all that is set for a tenant: the system’s hold for it again');
  addClientFlags(clear)
    .addHelpText('after', '\nExamples:\n  parkade quotas clear --tenant acme')
    .action((values: Record<string, unknown>) =>
      runClientOf(
        ADMIN,
        values,
        output,
        () => undefined,
        async ({ client, tenantId, timeoutMs, clock, json }) => {
          const request = PutTenantQuotasRequest.fromPartial({ tenantId, quotas: {} });
          tell(output, json, await callUnary(client.putTenantQuotas.bind(client), request, timeoutMs, clock));
        },
      ),
    );
}

function readQuotas(reader: FlagReader): Partial<Record<(typeof NAMES)[number], number>> {
  const set = NAMES.filter((name) => reader.has(name));
  if (set.length === 0) {
    reader.fault('quotas set needs a quota, such as --parked-calls 5000; quotas clear takes back all that is set');
  }
  return Object.fromEntries(set.map((name) => [name, reader.integer(name, 1, MAX_QUOTA, 1)]));
}

function tell(output: Output, json: boolean, { quotas, inForce, revision }: PutTenantQuotasResponse): void {
  if (json) return output.line(JSON.stringify({ quotas, in_force: inForce, revision }));
  for (const name of NAMES) {
    const own = quotas?.[name] === undefined ? ' (the system’s)' : '';
    output.line(`${WORDS[name]}: ${inForce?.[name] ?? 'no bound'}${inForce?.[name] === undefined ? '' : own}`);
  }
}
