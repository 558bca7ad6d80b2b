import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.js';

/** A cluster for all tests of a file; what its processes said is printed when a test fails. */
export function withCluster(options: ClusterOptions = {}): () => Cluster {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(options);
  });
  afterAll(async () => {
    await cluster?.stop();
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => void process.stderr.write(`${cluster?.logs() ?? 'no cluster'}\n`));
  });
  return () => {
    if (cluster === undefined) throw new Error('the cluster has not started');
    return cluster;
  };
}
