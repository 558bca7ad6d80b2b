import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';

// Bodies are taken as they are: a number in quotes is no number, and what is left out stays left out, as an update changes what
// it names and nothing else. Queries and paths are text by nature, so their numbers are read, and their defaults filled in.

const OPTIONS = { strict: false, allErrors: false, removeAdditional: false } as const;

/** How requests are checked. */
export function validatorCompiler(): FastifySchemaCompiler<object> {
  const body = new Ajv.default({ ...OPTIONS, coerceTypes: false, useDefaults: false });
  const rest = new Ajv.default({ ...OPTIONS, coerceTypes: true, useDefaults: true });
  formats.default(body);
  formats.default(rest);
  return ({ schema, httpPart }) => (httpPart === 'body' ? body : rest).compile(schema);
}
