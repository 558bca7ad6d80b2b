import type { BoardState } from '../live/board-state.js';
import type { BoardProblem } from '../wire.js';
import { Field, valueOf } from './field.js';

/** Asks for the tenant and the token, when the gateway wants one that it has not got. */
export function SignIn({ state, problem }: { readonly state: BoardState; readonly problem: BoardProblem }) {
  const { tenantId, token } = state.session.value;
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    state.signIn({ tenantId: valueOf(form, 'tenant'), token: valueOf(form, 'token') });
  };
  return (
    <main class="sign-in">
      <h1>Park board</h1>
      {problem.detail !== '' && (
        <p role="alert" class="problem">
          {problem.detail}
        </p>
      )}
      <form onSubmit={onSubmit}>
        <Field name="tenant" label="Tenant" value={tenantId} hint="May stay empty where the token is for one tenant." />
        <Field
          name="token"
          label="Token"
          type="password"
          value={token}
          hint="Kept in this window until it is closed. May stay empty where the gateway asks for none."
        />
        <button type="submit" class="primary">
          Show the board
        </button>
      </form>
    </main>
  );
}
