import { MAX_TOP } from '@parkade/admin';
import { Type } from 'typebox';

/** Refused; the body is a problem. */
export const problems = {
  '4XX': {
    description: 'Error',
    content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
  },
} as const;

export const extensionNumber = Type.String({
  minLength: 3,
  maxLength: 64,
  pattern: '[0-9]{3,64}',
  description: 'The extension number: 3 to 64 digits.',
});

export const resourceId = (what: string) => Type.String({ description: `The unique ID of ${what}.` });

/** What every list takes. */
export const listQuery = Type.Object(
  {
    filter: Type.Optional(
      Type.String({
        description:
          "A subset: `eq`, `ne`, `and`, `or`, `contains(field,'text')`, `startswith(field,'text')` and parentheses, on the " +
          'fields of the items, as in OData.',
      }),
    ),
    search: Type.Optional(Type.String({ description: 'Text that an item contains, whatever its case.' })),
    orderby: Type.Optional(
      Type.String({ description: 'Fields with `asc` (the default) or `desc`, and commas between: `name desc,id`.' }),
    ),
    skip: Type.Optional(
      Type.Integer({ format: 'int32', minimum: 0, default: 0, description: 'Items to skip at the start.' }),
    ),
    top: Type.Optional(
      Type.Integer({
        format: 'int32',
        minimum: 1,
        maximum: MAX_TOP,
        default: MAX_TOP,
        description: 'Items of a page.',
      }),
    ),
    after: Type.Optional(
      Type.String({
        description:
          'Goes on where an earlier page ended: the link `next` of its header `Link` has it. So walked, a list misses nothing that ' +
          'is there all the while and shows nothing twice, whatever is added and removed meanwhile.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const count = Type.Integer({ format: 'int64', minimum: 0, description: 'Total number of resource.' });

export const ifMatch = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'An `ETag` of an earlier answer: only where nothing changed since.' }),
  ),
});

export const noQuery = Type.Object({}, { additionalProperties: false });
