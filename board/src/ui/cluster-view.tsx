import type { BoardState } from '../live/board-state.js';
import { rangesText } from '../model/shard-ranges.js';
import type { ClusterNow, HandOff } from '../wire.js';

/** For operators: who owns what, and who took over from whom. */
export function ClusterView({ state }: { readonly state: BoardState }) {
  const cluster = state.cluster.value;
  if (cluster === undefined) return <p>The cluster is being read…</p>;
  return (
    <div class="cluster">
      <Owners cluster={cluster} />
      <MediaNodes cluster={cluster} />
      <HandOffs handOffs={state.handOffs.value} />
    </div>
  );
}

function Owners({ cluster: { owners, unowned, shardCount } }: { readonly cluster: ClusterNow }) {
  return (
    <section aria-labelledby="owners-title">
      <h2 id="owners-title">Slot shards</h2>
      <p role="status" aria-label="Shards" class={unowned.length > 0 ? 'problem' : ''}>
        {unowned.length === 0
          ? `All ${shardCount} shards have an owner.`
          : `Without an owner: ${rangesText(unowned)} of ${shardCount} shards.`}
      </p>
      <div class="scroll">
        <table aria-labelledby="owners-title">
          <thead>
            <tr>
              <th scope="col">Owner</th>
              <th scope="col">Address</th>
              <th scope="col">Shards</th>
              <th scope="col">Which</th>
            </tr>
          </thead>
          <tbody>
            {owners.map(({ memberId, address, shards }) => (
              <tr key={memberId}>
                <th scope="row">{memberId}</th>
                <td>{address}</td>
                <td>
                  <meter min={0} max={shardCount} value={shards.length} aria-label={`Share of ${memberId}`} />{' '}
                  {shards.length}
                </td>
                <td>{rangesText(shards)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function MediaNodes({ cluster: { mediaNodes } }: { readonly cluster: ClusterNow }) {
  return (
    <section aria-labelledby="nodes-title">
      <h2 id="nodes-title">Media nodes</h2>
      {mediaNodes.length === 0 ? (
        <p>No media node is registered.</p>
      ) : (
        <div class="scroll">
          <table aria-labelledby="nodes-title">
            <thead>
              <tr>
                <th scope="col">Node</th>
                <th scope="col">Controlled by</th>
              </tr>
            </thead>
            <tbody>
              {mediaNodes.map(({ name, owner }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class={owner === '' ? 'problem' : ''}>{owner === '' ? 'nobody' : owner}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

function HandOffs({ handOffs }: { readonly handOffs: readonly HandOff[] }) {
  return (
    <section aria-labelledby="hand-offs-title">
      <h2 id="hand-offs-title">Hand-offs</h2>
      {handOffs.length === 0 ? (
        <p>None since this gateway started.</p>
      ) : (
        <div class="hand-offs" role="log" aria-labelledby="hand-offs-title" tabIndex={0}>
          <ol>
            {handOffs.map(({ number, atMs, shards, mediaNode, from, to }) => (
              <li key={number}>
                <time dateTime={new Date(atMs).toISOString()}>{time.format(atMs)}</time>{' '}
                {mediaNode === '' ? `shards ${rangesText(shards)}` : `media node ${mediaNode}`}: {from || 'nobody'} →{' '}
                {to || 'nobody'}
              </li>
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}
