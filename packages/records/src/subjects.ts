import { createHash } from 'node:crypto';
import { encodeToken } from '@parkade/ids';

// Subjects of what is recorded. Every name is one token, so none reaches into another's place:
//
//   parkade.v1.history.<tenant>.<number>.<call>.<park>            a park's life, the last state kept
//   parkade.v1.audit.<tenant>.<record>                            who changed or took something
//   parkade.v1.webhooks.queue.<tenant>.<endpoint>.<key>           events that wait for an endpoint
//   parkade.v1.webhooks.dead.<tenant>.<endpoint>.<key>.<n>        what was given up, the newest thousand
//   parkade.v1.webhooks.place.<tenant>.<endpoint>.<key>           up to where an endpoint has heard all
//   parkade.v1.records.place.<partition>                          up to where a partition has recorded all
const HISTORY = 'parkade.v1.history';
const AUDIT = 'parkade.v1.audit';
const WEBHOOKS = 'parkade.v1.webhooks';
const PLACES = 'parkade.v1.records.place';

export const ALL_HISTORY = `${HISTORY}.>`;
export const ALL_AUDIT = `${AUDIT}.>`;
export const ALL_QUEUES = `${WEBHOOKS}.queue.>`;
export const ALL_DEAD_LETTERS = `${WEBHOOKS}.dead.>`;
export const ALL_PLACES = [`${PLACES}.*`, `${WEBHOOKS}.place.>`] as const;

/** Longer texts stand in a subject by their digest. */
const MAX_TOKEN_LENGTH = 100;

/** Any text as one token that no pattern reads as something else; the same text, the same token. */
function textToken(text: string): string {
  const token = `x${encodeToken(text)}`;
  return token.length <= MAX_TOKEN_LENGTH ? token : `h${createHash('sha256').update(text).digest('hex')}`;
}

/** What tells one park's life from the others, and finds it. */
export interface LifeName {
  readonly tenant: string;
  readonly callerNumber: string;
  readonly callId: string;
  readonly parkId: string;
}

export function historySubject({ tenant, callerNumber, callId, parkId }: LifeName): string {
  return `${HISTORY}.${textToken(tenant)}.${textToken(callerNumber)}.${textToken(callId)}.${textToken(parkId)}`;
}

/** Pattern: the lives of one tenant; what is not given is any. */
export function historyPattern(
  tenant: string,
  by: { readonly [part in keyof Omit<LifeName, 'tenant'>]?: string | undefined },
): string {
  const part = (text: string | undefined): string => (text === undefined ? '*' : textToken(text));
  return `${HISTORY}.${textToken(tenant)}.${part(by.callerNumber)}.${part(by.callId)}.${part(by.parkId)}`;
}

export function auditSubject(tenant: string, recordId: string): string {
  return `${AUDIT}.${textToken(tenant)}.${textToken(recordId)}`;
}

/** Pattern: the audit of one tenant. */
export function auditPattern(tenant: string): string {
  return `${AUDIT}.${textToken(tenant)}.*`;
}

/** An endpoint of a tenant; `key` tells it from an earlier one of the same id. */
export interface EndpointName {
  readonly tenant: string;
  readonly id: string;
  readonly key: string;
}

export function queueSubject(name: EndpointName): string {
  return `${WEBHOOKS}.queue.${endpointTokens(name)}`;
}

export function deadLetterSubject(name: EndpointName, n: number): string {
  return `${WEBHOOKS}.dead.${endpointTokens(name)}.${n}`;
}

/** Pattern: the dead letters of one endpoint. */
export function deadLetterPattern(name: EndpointName): string {
  return `${WEBHOOKS}.dead.${endpointTokens(name)}.*`;
}

export function endpointPlaceSubject(name: EndpointName): string {
  return `${WEBHOOKS}.place.${endpointTokens(name)}`;
}

export function partitionPlaceSubject(partition: number): string {
  return `${PLACES}.${partition}`;
}

function endpointTokens({ tenant, id, key }: EndpointName): string {
  return `${textToken(tenant)}.${textToken(id)}.${textToken(key)}`;
}
