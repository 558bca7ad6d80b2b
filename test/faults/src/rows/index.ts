import type { Row } from '../row.js';
import { etcdCompaction, etcdFull, etcdLeader, etcdMinority, etcdNoQuorum } from './etcd.js';
import { etcdGone, mediaCrash, mediaFrozen, mediaWires, retrieveSteps } from './media.js';
import { moveSteps } from './moves.js';
import { natsGone, natsWiped } from './nats.js';
import { crash, cutOff, deposed, freeze, joinLeave } from './owners.js';
import { clockSteps, gatewayCrash, powerLoss, recallCrash } from './processes.js';
import { etcdRestore } from './restore.js';
import { rolling } from './rolling.js';
import { twoAtOnce } from './two.js';
import { wireRows } from './wires.js';

/** Everything the cluster must live through, in the order it is tried. */
export const ROWS: readonly Row[] = [
  crash,
  freeze,
  cutOff,
  deposed,
  rolling,
  joinLeave,
  gatewayCrash,
  recallCrash,
  powerLoss,
  clockSteps,
  ...wireRows,
  etcdLeader,
  etcdMinority,
  etcdNoQuorum,
  etcdCompaction,
  etcdFull,
  etcdGone,
  etcdRestore,
  natsGone,
  natsWiped,
  moveSteps,
  retrieveSteps,
  mediaCrash,
  mediaFrozen,
  mediaWires,
  twoAtOnce,
];
