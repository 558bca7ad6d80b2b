import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** A JSON Schema as OpenAPI 3.1 has it. */
export interface Schema {
  readonly type?: string;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly [key: string]: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly security: unknown;
  readonly components: { readonly securitySchemes: unknown; readonly schemas?: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The contract of the call park server, as others publish it. */
export const CONTRACT = JSON.parse(
  readFileSync(new URL('../rest/contract/call-park.openapi.json', import.meta.url), 'utf8'),
) as OpenApiDocument;

export interface NamedOperation extends Operation {
  readonly path: string;
  readonly method: string;
}

/** Every operation of a document. */
export function operationsOf(document: OpenApiDocument): readonly NamedOperation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
  );
}

const ajv = new Ajv.default({ strict: false, allErrors: true });
formats.default(ajv);

/** What of `value` is not as `schema` says; empty: nothing. */
export function faults(schema: Schema, value: unknown): readonly string[] {
  const validate = ajv.compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}

export function jsonBody(operation: Operation): Schema | undefined {
  return operation.requestBody?.content['application/json']?.schema;
}

/** The schema of an answer; undefined: the contract knows no such answer. `null`: it has no body. */
export function answerSchema(operation: Operation, status: number): Schema | null | undefined {
  const response = operation.responses[String(status)] ?? operation.responses[`${Math.floor(status / 100)}XX`];
  return response === undefined ? undefined : (response.content?.['application/json']?.schema ?? null);
}

/** A schema with its `allOf`s merged in, and without words for people. */
export function plainSchema({ allOf = [], properties, items, ...own }: Schema): Schema {
  const merged = Object.assign({}, ...allOf.map(plainSchema), without(own, 'description')) as Schema;
  return {
    ...merged,
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, plainSchema(one)])) }),
    ...(items === undefined ? {} : { items: plainSchema(items) }),
  };
}

/** Values that a schema does not allow, one for each thing it says. */
export function badValues(schema: Schema): readonly (readonly [why: string, value: unknown])[] {
  const { type, enum: words, minimum, maximum, minLength, maxLength, pattern } = plainSchema(schema);
  const bad: [string, unknown][] = [];
  if (type === 'string') bad.push(['a number', 5], ['null', null], ['a list', ['101']]);
  if (type === 'boolean') bad.push(['text', 'true'], ['a number', 1]);
  if (type === 'integer') bad.push(['text', '300'], ['a fraction', 300.5], ['beyond 32 bits', 2 ** 31]);
  if (words !== undefined)
    bad.push(['no word of the enum', 'NOBODY'], ['another case', String(words[0]).toLowerCase()]);
  if (minimum !== undefined) bad.push(['below the least', minimum - 1]);
  if (maximum !== undefined) bad.push(['above the most', maximum + 1]);
  if (minLength !== undefined) bad.push(['too short', '1'.repeat(minLength - 1)]);
  if (maxLength !== undefined) bad.push(['too long', '1'.repeat(maxLength + 1)]);
  if (pattern !== undefined) bad.push(['against the pattern', 'abcd']);
  return bad;
}

/** An object without some of its keys. */
export function without<T extends object, Key extends keyof T>(object: T, ...keys: readonly Key[]): Omit<T, Key> {
  const named: readonly PropertyKey[] = keys;
  return Object.fromEntries(Object.entries(object).filter(([key]) => !named.includes(key))) as Omit<T, Key>;
}
