import { DEFAULT_LIMITS as FLOW_LIMITS, type FlowProcess, startFlow } from '@parkade/flow-service';
import { type Records, startRecords, type WebhookLimits } from '@parkade/records-service';
import type { ProcessMetrics } from '@parkade/telemetry';
import type { MediaFile } from '../media/media-file.js';
import { LocalService, type LocalServiceConfig, type LocalServiceDeps } from './local-service.js';
import { type RecallMember, startRecallMember } from './recall-member.js';

export interface WholeServiceConfig extends LocalServiceConfig {
  /** Ports of the APIs of recalls and of call flows; 0: any free one. */
  readonly recallPort: number;
  readonly flowPort: number;
  readonly webhooks: WebhookLimits;
  readonly routed: MediaFile['routed'];
}

/**
 * Owners, gateways, recalls, call flows and records in one process.
 *
 *   W1. Calls come back as soon as it has started.
 *   W2. What was started is stopped, also when something after it fails to start.
 */
export class WholeService {
  private constructor(
    readonly local: LocalService,
    readonly recall: RecallMember,
    readonly flow: FlowProcess,
    readonly records: Records,
  ) {}

  /** Rejects where an address is taken, or what `LocalService` rejects for. */
  static async start(
    config: WholeServiceConfig,
    deps: LocalServiceDeps & { readonly metrics: ProcessMetrics },
  ): Promise<WholeService> {
    const { host, version, leaseTtlMs, shardCount, routed } = config;
    const { metrics } = deps;
    const local = await LocalService.start(config, deps);
    let recall: RecallMember | undefined;
    let records: Records | undefined;
    try {
      const member = { memberId: `${config.memberId}-recall`, host, port: config.recallPort, version, leaseTtlMs };
      recall = await startRecallMember(member, shardCount, { ...deps, registry: metrics.part(), routed });
      const { webhooks } = config;
      records = await startRecords(
        { memberId: `${config.memberId}-records`, host, port: 0, version, leaseTtlMs, webhooks },
        { ...deps, metrics: { registry: metrics.part() } },
      );
      const [gateway = ''] = local.addresses;
      const flow = await startFlow(
        { host, port: config.flowPort, gateway, limits: FLOW_LIMITS },
        { ...deps, metrics: { registry: metrics.part() } },
      );
      return new WholeService(local, recall, flow, records);
    } catch (error) {
      await records?.close();
      await recall?.close();
      await local.close();
      throw error;
    }
  }

  /** Takes nothing new, finishes what is under way, gives up every shard; at most `graceMs` for each of the two halves. */
  async drain(graceMs: number): Promise<void> {
    await Promise.all([this.flow.drain(graceMs / 2), this.recall.drain(graceMs / 2)]);
    // Records last: what the others still do is recorded, too.
    await this.local.drain(graceMs / 2);
    await this.records.drain(graceMs / 4);
  }
}
