import { CallRef, Parker, type SlotTarget, type Target } from '@parkade/proto';
import { OnOccupied, Selection } from '@parkade/proto';
import type { Command } from 'commander';
import type { FlagReader } from '../flags/flag-reader.js';
import { addFlags, flag } from '../flags/flags.js';

/** The words of `--on-occupied` and `--selection`. */
const ON_OCCUPIED = {
  reject: OnOccupied.REJECT,
  'next-free': OnOccupied.NEXT_FREE,
  'ring-parker': OnOccupied.RING_PARKER,
} as const;
const SELECTION = {
  first: Selection.FIRST,
  next: Selection.NEXT,
  random: Selection.RANDOM,
  'longest-idle': Selection.LONGEST_IDLE,
} as const;

/** Flags that name the call the command is about. */
export function addCallFlags(command: Command): Command {
  return addFlags(
    command,
    flag('--call-id <id>', 'the call: its id at the media node'),
    flag('--media-node <name>', 'the media node that holds the call', 'PARKADE_MEDIA_NODE', 'cli'),
    flag('--caller-name <text>', 'its display name'),
    flag('--caller-number <text>', 'its number'),
  );
}

export function readCall(reader: FlagReader): CallRef {
  return CallRef.fromPartial({
    mediaNode: reader.text('mediaNode') ?? '',
    callId: reader.required('callId', 'the call, by its id at the media node'),
    callerName: reader.text('callerName') ?? '',
    callerNumber: reader.text('callerNumber') ?? '',
  });
}

/** Flags that say who parks. */
export function addParkerFlags(command: Command): Command {
  return addFlags(
    command,
    flag('--parker <user>', 'who parks it: the user'),
    flag('--parker-device <id>', 'and the device'),
    flag('--parker-extension <ext>', 'and the extension'),
    flag('--note <text>', 'free text kept with the park'),
  );
}

export function readParker(reader: FlagReader): Parker {
  return Parker.fromPartial({
    userId: reader.text('parker') ?? '',
    deviceId: reader.text('parkerDevice') ?? '',
    extension: reader.text('parkerExtension') ?? '',
  });
}

/** `--slot` with its `--lot`; the slot is required. */
export function readSlot(reader: FlagReader): SlotTarget {
  return { lotId: reader.text('lot') ?? '', slot: reader.required('slot', 'the slot, as it is dialled') };
}

/** Flags that say where to park. */
export function addTargetFlags(command: Command): Command {
  return addFlags(
    command,
    flag('--slot <slot>', 'this slot'),
    flag('--lot <lot>', 'a lot: of the slot, or to choose any free slot of (default: the lot default)'),
    flag('--extension <ext>', 'the slot of this extension'),
    flag('--group <group>', 'the first free member of this group'),
    flag('--on-occupied <what>', `where the slot is taken: ${Object.keys(ON_OCCUPIED).join(', ')}`),
    flag('--selection <how>', `how to choose in a lot: ${Object.keys(SELECTION).join(', ')}`),
  );
}

/** Where to park; without any of the flags: any free slot of the lot `default`. */
export function readTarget(reader: FlagReader): Target {
  const [slot, lot, extension, group] = ['slot', 'lot', 'extension', 'group'].map((name) => reader.text(name));
  const kinds = [slot ?? lot, extension, group].filter((kind) => kind !== undefined);
  if (kinds.length > 1)
    reader.fault('give one of --slot, --lot, --extension and --group (a --slot may have its --lot)');
  const selection = reader.has('selection')
    ? SELECTION[reader.oneOf('selection', words(SELECTION), 'first')]
    : Selection.UNSPECIFIED;
  if (reader.has('selection') && (slot ?? extension ?? group) !== undefined) {
    reader.fault('--selection chooses among the slots of a lot: leave it out with --slot, --extension and --group');
  }
  if (extension !== undefined) return { kind: { $case: 'extension', value: { extension } } };
  if (group !== undefined) return { kind: { $case: 'group', value: { groupId: group } } };
  if (slot !== undefined) return { kind: { $case: 'slot', value: { lotId: lot ?? '', slot } } };
  return { kind: { $case: 'lot', value: { lotId: lot ?? '', selection, maxSlotNumber: 0 } } };
}

export function readOnOccupied(reader: FlagReader): OnOccupied {
  if (!reader.has('onOccupied')) return OnOccupied.UNSPECIFIED;
  return ON_OCCUPIED[reader.oneOf('onOccupied', words(ON_OCCUPIED), 'reject')];
}

function words<Word extends string>(table: Readonly<Record<Word, unknown>>): readonly Word[] {
  return Object.keys(table) as Word[];
}
