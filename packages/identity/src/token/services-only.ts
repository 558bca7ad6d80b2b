import { type Authenticator, unauthenticated } from '../authenticator.js';
import { SERVICE_PRINCIPAL } from '../principal.js';
import { hash } from 'node:crypto';

/** For a process without a public API: it knows the others of its cluster (by the secret, where there is one) and nobody else. */
export function servicesOnly(clusterToken: string | undefined): Authenticator {
  const expected = clusterToken === undefined ? undefined : hash('sha256', clusterToken);
  return {
    authenticate: (token) =>
      token !== undefined && hash('sha256', token) === expected
        ? SERVICE_PRINCIPAL
        : unauthenticated('Only processes of this cluster are served here.'),
    close: () => undefined,
  };
}
