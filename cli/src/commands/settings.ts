import { SystemClock } from '@parkade/clock';
import { readTenantDocument } from '@parkade/settings';
import type { Command } from 'commander';
import { ETCD_TLS_FLAGS } from '../flags/security-flags.js';
import { FlagReader } from '../flags/flag-reader.js';
import { addFlags, FLAGS } from '../flags/flags.js';
import { readEtcd } from '../service/etcd-flags.js';
import { withEtcd } from '../service/with-etcd.js';
import { applyDocument, readSettingsFile } from '../settings/read-settings-file.js';
import { CommandFailure, EXIT } from '../terminal/exit-codes.js';
import type { Output } from '../terminal/output.js';

const EXAMPLES = `
The document is JSON; what it does not name stays as it is:
  {"tenants": {"acme": {"lots": {"default": {"ranges": [{"first": "701", "last": "720"}]}}}}}

Examples:
  parkade settings apply settings.json --etcd 127.0.0.1:2379
  parkade settings show --tenant acme --etcd 127.0.0.1:2379 > acme.json`;

/** `parkade settings apply|show`. */
export function addSettings(program: Command, output: Output): void {
  const settings = program
    .command('settings')
    .description('settings of the system, of tenants, lots, groups and call flows');
  const apply = settings.command('apply <file>').description('check a settings document and write it');
  addFlags(apply, FLAGS.etcd, ...ETCD_TLS_FLAGS, FLAGS.json)
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, values: Record<string, unknown>) => {
      const reader = new FlagReader(values);
      const etcd = readEtcd(
        reader,
        'settings are kept in the etcd of the cluster; parkade up takes them with --settings',
      );
      const json = reader.boolean('json', false);
      reader.check();
      const document = await readSettingsFile(file);
      await withEtcd(etcd, new SystemClock(), async (store) => {
        const { written, revision } = await applyDocument(store, file, document);
        output.line(
          json ? JSON.stringify({ written, revision }) : `${written} settings written at revision ${revision}`,
        );
      });
    });
  const show = settings.command('show').description('all settings of a tenant, as a document that apply takes');
  addFlags(show, FLAGS.etcd, ...ETCD_TLS_FLAGS, FLAGS.tenant, FLAGS.json)
    .addHelpText('after', EXAMPLES)
    .action(async (values: Record<string, unknown>) => {
      const reader = new FlagReader(values);
      const etcd = readEtcd(reader, 'settings are kept in the etcd of the cluster');
      const tenant = reader.text('tenant') ?? '';
      reader.check();
      await withEtcd(etcd, new SystemClock(), async (store) => {
        const document = await readTenantDocument(store, tenant);
        if (document === undefined) throw new CommandFailure(EXIT.refused, `There is no tenant ${tenant}.`);
        output.line(JSON.stringify(document, null, 2));
      });
    });
}
