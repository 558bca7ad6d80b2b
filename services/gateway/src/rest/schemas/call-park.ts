import { Type } from 'typebox';
import { extensionNumber, resourceId } from './common.js';

const recallToEnum = Type.Unsafe<'USER_ONLY' | 'USER_FIRST_THEN_RING_GROUP' | 'RING_GROUP_ONLY'>({
  type: 'string',
  enum: ['USER_ONLY', 'USER_FIRST_THEN_RING_GROUP', 'RING_GROUP_ONLY'],
  description:
    'Whom a call rings that is not picked up in time: its parker again and again, its parker and then a ring group, or a ring ' +
    'group. With the last two `ring_group_id` must be specified.',
});

const seconds = (description: string) =>
  Type.Integer({ format: 'int32', minimum: 60, maximum: 900, default: 300, description });

const ringGroupId = Type.String({
  description: 'The unique ID of ring group. Only valid with the two modes of `recall_to` that name one.',
});

const serverFields = {
  enabled: Type.Optional(
    Type.Boolean({ description: 'Off: parks are refused; what is parked stays retrievable and is rung back.' }),
  ),
  extension_number: Type.Optional(extensionNumber),
  recall_to: Type.Optional(recallToEnum),
  recall_time: Type.Optional(seconds('How long a call stays before it is rung back, in seconds.')),
  recall_ring_group_time: Type.Optional(
    seconds('How long the parker is rung before the ring group, and the ring group after that, in seconds.'),
  ),
  ring_group_id: Type.Optional(ringGroupId),
  send_notification_to_parker: Type.Optional(
    Type.Boolean({
      description:
        'Whether who parks a call is told where it is (a NOTIFY, event `park-info`), beside the extension and its group.',
    }),
  ),
};

export const parkServer = Type.Object({
  ...serverFields,
  prompt_file_name: Type.Optional(
    Type.String({ description: 'The name of the file that is played to who is parked.' }),
  ),
  prompt_file_size: Type.Optional(
    Type.Integer({ format: 'int64', minimum: 0, description: 'The file size in bytes.' }),
  ),
  prompt_file_url: Type.Optional(
    Type.String({ readOnly: true, description: 'The relative path to file url for file downloading.' }),
  ),
});

export const parkServerUpdate = Type.Object(
  { ...serverFields, prompt_file_id: Type.Optional(Type.String({ description: 'The unique ID of the file.' })) },
  { additionalProperties: false },
);

const groupName = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'The name of call park group, unique in the tenant to the character.',
});

const groupFields = { recall_to: Type.Optional(recallToEnum), ring_group_id: Type.Optional(ringGroupId) };
const groupSwitch = Type.Boolean({
  description: 'Off: parks at the group are refused; what it has parked stays retrievable and is rung back.',
});

export const group = Type.Object({
  id: resourceId('call park group'),
  name: groupName,
  ...groupFields,
  enabled: groupSwitch,
  draining: Type.Boolean({ description: 'It was deleted, and goes with its last call.' }),
});

export const groupCreate = Type.Object(
  { name: groupName, ...groupFields, enabled: Type.Optional(groupSwitch) },
  { additionalProperties: false },
);

export const groupUpdate = Type.Object(
  { name: Type.Optional(groupName), ...groupFields, enabled: Type.Optional(groupSwitch) },
  { additionalProperties: false },
);

export const member = Type.Object({
  id: resourceId('user'),
  name: Type.String({ minLength: 1, maxLength: 64, description: "The user's account name." }),
  display_name: Type.String({ maxLength: 1024, description: 'The display name of user.' }),
  extension_number: extensionNumber,
  enabled: Type.Boolean({ description: 'Whether the group may park at this member.' }),
  draining: Type.Boolean({ description: 'It was removed, and goes with its last call of the group.' }),
});
