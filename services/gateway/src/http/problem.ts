import { status } from '@grpc/grpc-js';
import { Reason } from '@parkade/proto';
import { Refused } from '@parkade/rpc';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';

export const PROBLEM_TYPE = 'application/problem+json';

/** What every refusal is answered with (RFC 9457). */
export const problemSchema = Type.Object(
  {
    type: Type.String({ description: '`urn:parkade:reason:<reason>`; `about:blank` where HTTP alone says it all.' }),
    title: Type.String({ description: 'The status in words.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'A sentence for people: what is wrong, and what to do.' }),
    reason: Type.Optional(Type.String({ description: 'The reason, as the gRPC API names it.' })),
    metadata: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Data of the reason.' })),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
        description: 'Each field that is wrong, with its path.',
      }),
    ),
  },
  { $id: 'Problem', description: 'Why a request was refused (RFC 9457). Nothing was changed.' },
);

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  /** Told in a header. */
  readonly retryAfterMs?: number | undefined;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** Everything taken is a state of the thing asked for; too much at a time is not. */
const FULL: ReadonlySet<Reason> = new Set([
  Reason.LOT_FULL,
  Reason.GROUP_FULL,
  Reason.MAX_SLOT_EXCEEDED,
  Reason.TOO_MANY,
]);

/** Parts of a request as people call them, by the framework's words. */
const WHERE: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

const NO_JSON =
  'The body has another media type than this request takes: send content-type: application/json, or what /api/docs/ says.';

/** The HTTP status of a refusal: the one place that maps them. */
export function httpStatus({ reason, code }: Refused): number {
  if (reason === Reason.REVISION_CONFLICT) return 412;
  if (reason === Reason.TOO_LARGE) return 413;
  if (FULL.has(reason)) return 409;
  switch (code) {
    case status.INVALID_ARGUMENT:
    case status.OUT_OF_RANGE:
      return 400;
    case status.UNAUTHENTICATED:
      return 401;
    case status.PERMISSION_DENIED:
      return 403;
    case status.NOT_FOUND:
      return 404;
    case status.ALREADY_EXISTS:
    case status.FAILED_PRECONDITION:
    case status.ABORTED:
      return 409;
    case status.RESOURCE_EXHAUSTED:
      return 429;
    case status.UNAVAILABLE:
      return 503;
    case status.DEADLINE_EXCEEDED:
      return 504;
    default:
      return 500;
  }
}

/** A refusal as a problem. */
export function problemOf(refused: Refused): Problem {
  const { reason, name, message, metadata } = refused;
  const field = reason === Reason.INVALID_FIELD ? metadata['field'] : undefined;
  return {
    ...plain(httpStatus(refused), message),
    type: `urn:parkade:reason:${name}`,
    reason: name,
    metadata,
    // Of a text that is wrong inside, the path in it.
    ...(field === undefined ? {} : { errors: [{ path: metadata['path'] ?? field, message }] }),
    retryAfterMs: refused.retryAfterMs,
  };
}

/** A problem that HTTP alone knows. */
export function plain(code: number, detail: string): Problem {
  return { type: 'about:blank', title: TITLES[code] ?? 'Error', status: code, detail };
}

/** Answers with a problem. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  if (problem.status === 429 || problem.status === 503) void reply.header('retry-after', retryAfter(problem));
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .serializer((payload) => JSON.stringify(payload))
    .send({ ...problem, retryAfterMs: undefined });
}

/** Whole seconds, as HTTP has it. */
function retryAfter({ retryAfterMs = 1_000 }: Problem): string {
  return String(Math.ceil(retryAfterMs / 1_000));
}

/** What the framework refused, or a defect: then the caller hears nothing of it but that it happened. */
export function onError(report: (error: unknown) => void) {
  return (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error.validation !== undefined) {
      const errors = error.validation.map(({ instancePath, params, message = 'is wrong' }) => {
        const named = params['missingProperty'] ?? params['additionalProperty'];
        const path = [...instancePath.split('/').slice(1), ...(typeof named === 'string' ? [named] : [])].join('.');
        if ('additionalProperty' in params) return { path, message: 'is no field of this request' };
        return { path, message: 'missingProperty' in params ? 'is missing' : message };
      });
      const [first] = errors;
      const where = WHERE[error.validationContext ?? ''] ?? 'request';
      const what = [first?.path, first?.message].filter((words) => words !== undefined && words !== '').join(' ');
      const detail = `The ${where} is wrong: ${what}.`;
      const reason = 'INVALID_FIELD';
      const metadata = { field: first?.path ?? '' };
      const type = `urn:parkade:reason:${reason}`;
      return sendProblem(reply, { ...plain(400, detail), type, reason, metadata, errors });
    }
    const code = error.statusCode ?? 500;
    if (code === 413) return sendProblem(reply, problemOf(new Refused(Reason.TOO_LARGE, 'The request is too large.')));
    if (code === 400) return sendProblem(reply, problemOf(new Refused(Reason.MALFORMED_MESSAGE, error.message)));
    if (code === 415) return sendProblem(reply, plain(415, NO_JSON));
    if (code < 500) return sendProblem(reply, plain(code, error.message));
    report(error);
    const message = 'Something went wrong in Parkade; nothing else is known.';
    return sendProblem(reply, problemOf(new Refused(Reason.INTERNAL, message)));
  };
}
