import { Type } from 'typebox';

/** A name: of a lot, a slot, an extension, a media node. */
export const name = (description: string) =>
  Type.String({ minLength: 1, maxLength: 64, pattern: '^[\\x21-\\x7e]+$', description });

/** A call at a media node. */
export const call = Type.Object(
  {
    media_node: name('The media node that holds the call.'),
    call_id: Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '^[\\x20-\\x7e]+$',
      description: "The call's id at that node.",
    }),
    caller_name: Type.Optional(Type.String({ maxLength: 128, description: 'As the network gave it.' })),
    caller_number: Type.Optional(Type.String({ maxLength: 64, description: 'As the network gave it.' })),
  },
  { additionalProperties: false },
);

const parker = Type.Object(
  {
    user_id: Type.Optional(Type.String({ maxLength: 64 })),
    device_id: Type.Optional(Type.String({ maxLength: 64 })),
    extension: Type.Optional(Type.String({ maxLength: 64, description: 'Where the parker is rung.' })),
  },
  { additionalProperties: false, description: 'Who parks the call, and is rung when it comes back.' },
);

/** Who moves the media. */
export const mediaControl = Type.Optional(
  Type.Unsafe<'CALLER' | 'CLUSTER'>({
    type: 'string',
    enum: ['CALLER', 'CLUSTER'],
    description: 'Who moves the media: the caller of this API (the default), or Parkade.',
  }),
);

/** Seconds until a call comes back. */
export const recallIn = Type.Integer({
  minimum: 0,
  maximum: 30 * 24 * 3_600,
  description: 'Seconds until the call comes back; 0: never.',
});

/** What parks a call. Where: one of `slot`, `extension`, `group_id`, or any free slot of the lot. */
export const parkBody = Type.Object(
  {
    lot_id: Type.Optional(name('The lot of `slot`, or to take any free slot of; absent: `default`.')),
    slot: Type.Optional(name('This slot.')),
    extension: Type.Optional(name('At this extension.')),
    group_id: Type.Optional(name('At the first free member of this group.')),
    call,
    parker: Type.Optional(parker),
    note: Type.Optional(Type.String({ maxLength: 512, description: 'Free text.' })),
    on_occupied: Type.Optional(
      Type.Unsafe<'REJECT' | 'NEXT_FREE' | 'RING_PARKER'>({
        type: 'string',
        enum: ['REJECT', 'NEXT_FREE', 'RING_PARKER'],
        description: 'What happens when the slot is taken; absent: as the lot is set.',
      }),
    ),
    recall_in: Type.Optional(recallIn),
    media_control: mediaControl,
  },
  { additionalProperties: false },
);

/** Who takes a call. */
export const retrieveBody = Type.Object(
  { retriever: call, media_control: mediaControl },
  { additionalProperties: false },
);

/** What makes a request once. */
export const idempotencyKey = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
      description: 'A UUIDv7: a retry with the same key and body is done once, and gets the same answer.',
    }),
  ),
});
