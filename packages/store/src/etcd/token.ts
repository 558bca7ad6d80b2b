import { Metadata } from '@grpc/grpc-js';
import type { Clock } from '@parkade/clock';
import type { Endpoints } from './endpoints.js';
import { storeErrorOf } from './store-error-of.js';

/** Gets the token that etcd's authentication asks for, and keeps it until it is refused. */
export class TokenSource {
  #token: Promise<string> | undefined;

  constructor(
    private readonly endpoints: Endpoints,
    private readonly auth: { readonly username: string; readonly password: string } | undefined,
    private readonly clock: Clock,
  ) {}

  /** The token; undefined where no user is configured. Rejects with `StoreError`, outcome known. */
  token(deadlineMs: number): Promise<string | undefined> {
    if (this.auth === undefined) return Promise.resolve(undefined);
    this.#token ??= this.#authenticate(this.auth.username, this.auth.password, deadlineMs);
    return this.#token;
  }

  /** The token was refused: the next call gets a new one. */
  forget(): void {
    this.#token = undefined;
  }

  async #authenticate(name: string, password: string, deadlineMs: number): Promise<string> {
    try {
      const { client } = await this.endpoints.ready('Auth', deadlineMs);
      const deadline = this.clock.nowMs() + (deadlineMs - this.clock.monotonicMs());
      return await new Promise((resolve, reject) => {
        client.authenticate({ name, password }, new Metadata(), { deadline }, (error, response) => {
          if (error !== null) reject(error);
          else resolve(response?.token ?? '');
        });
      });
    } catch (error: unknown) {
      this.forget();
      throw storeErrorOf(error, 'read');
    }
  }
}
