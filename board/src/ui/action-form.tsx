import type { ComponentChildren } from 'preact';
import type { BoardCommand } from '../wire.js';

/** A command but for the call it is about. */
export type ActionCommand = BoardCommand extends infer Command
  ? Command extends BoardCommand
    ? Omit<Command, 'tenantId' | 'parkId'>
    : never
  : never;

export interface ActionFormProps {
  readonly title: string;
  readonly primary?: boolean;
  readonly danger?: boolean;
  readonly onSubmit: (form: HTMLFormElement) => Promise<void> | void;
  readonly children?: ComponentChildren;
}

/** One thing to do: its fields, and the button that does it. */
export function ActionForm({ title, primary = false, danger = false, onSubmit, children }: ActionFormProps) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void onSubmit(event.currentTarget as HTMLFormElement);
  };
  return (
    <form onSubmit={submit}>
      {children}
      <button type="submit" class={primary ? 'primary' : danger ? 'danger' : ''}>
        {title}
      </button>
    </form>
  );
}
