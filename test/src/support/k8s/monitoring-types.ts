import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.js';

// What is used of the Prometheus operator's API `monitoring.coreos.com/v1`, with its names. The operator's documents allow more; whatever
// is not written here is refused until somebody has looked it up.

/** Pods whose metrics are scraped. */
export interface PodMonitor {
  readonly apiVersion: 'monitoring.coreos.com/v1';
  readonly kind: 'PodMonitor';
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** The label of the pod whose value is the job. */
    readonly jobLabel?: string;
    readonly selector: LabelSelector;
    readonly podMetricsEndpoints: readonly {
      /** The name of a port of a container. */
      readonly port: string;
      readonly path?: string;
      readonly interval?: string;
      readonly scrapeTimeout?: string;
    }[];
  };
}

/** Services whose pods' metrics are scraped. */
export interface ServiceMonitor {
  readonly apiVersion: 'monitoring.coreos.com/v1';
  readonly kind: 'ServiceMonitor';
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** The label of the Service whose value is the job. */
    readonly jobLabel?: string;
    readonly selector: LabelSelector;
    readonly endpoints: readonly {
      /** The name of a port of the Service. */
      readonly port: string;
      readonly path?: string;
      readonly interval?: string;
      readonly scrapeTimeout?: string;
    }[];
  };
}

/** Alert rules, as in a rule file. */
export interface PrometheusRule {
  readonly apiVersion: 'monitoring.coreos.com/v1';
  readonly kind: 'PrometheusRule';
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly groups: readonly {
      readonly name: string;
      readonly interval?: string;
      readonly rules: readonly {
        readonly alert: string;
        readonly expr: string;
        readonly for?: string;
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      }[];
    }[];
  };
}
