import type { Manifest, Overlay } from '../manifests.js';
import { availabilityFaults, rolloutFaults } from './availability-policies.js';
import { addressFaults, flagFaults, portFaults, secretFaults, shutdownFaults } from './command-policies.js';
import { encryptionFaults } from './encryption-policies.js';
import { metricsFaults, monitoringFaults } from './monitoring-policies.js';
import { networkFaults } from './network-policies.js';
import { imageFaults, probeFaults, resourceFaults, securityFaults } from './pod-policies.js';
import type { ProgramFlags } from './program-help.js';
import { schemaFaults } from './schema.js';

/** Names every fault of rendered manifests in a line of its own. */
export type Check = (manifests: readonly Manifest[], programs: ProgramFlags) => readonly string[];

const EVERYWHERE: Readonly<Record<string, Check>> = {
  'is what the Kubernetes API takes, and nothing else': schemaFaults,
  'names a version of every image': imageFaults,
  'limits CPU and memory': resourceFaults,
  'has all probes': probeFaults,
  'keeps to the restricted Pod Security level': securityFaults,
  'replaces pods without a gap': rolloutFaults,
  'names flags and variables that the programs know': flagFaults,
  'agrees with the programs on ports': portFaults,
  'dials pods that are there': addressFaults,
  'keeps passwords in secrets': secretFaults,
  'serves metrics from every process': metricsFaults,
  'leaves time for the drain': shutdownFaults,
};

const IN_PRODUCTION: Readonly<Record<string, Check>> = {
  'survives the loss of a pod, a node and a zone': availabilityFaults,
  'opens the network for what is needed, and nothing else': networkFaults,
  'shows and asks for certificates on every connection': encryptionFaults,
  'is watched: every process scraped, every alert there': monitoringFaults,
};

/** What an overlay is held to, by what is then true of it. */
export const CHECKS: Readonly<Record<Overlay, Readonly<Record<string, Check>>>> = {
  dev: EVERYWHERE,
  production: { ...EVERYWHERE, ...IN_PRODUCTION },
};
