import { useId } from 'preact/hooks';

export interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value?: string;
  readonly hint?: string;
  readonly type?: 'text' | 'password';
  readonly required?: boolean;
  /** The id of a datalist; then it is a text. */
  readonly list?: string;
}

/** A labelled input. */
export function Field({ name, label, value = '', hint, type = 'text', required = false, list }: FieldProps) {
  const id = useId();
  const input = {
    ...{ id, name, required, defaultValue: value, autocomplete: 'off', spellcheck: false },
    ...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {list !== undefined ? (
        <input {...input} type="text" list={list} />
      ) : type === 'password' ? (
        <input {...input} type="password" />
      ) : (
        <input {...input} type="text" />
      )}
      {hint !== undefined && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

/** What stands in a form's field, without blanks around it. */
export function valueOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value.trim() : '';
}
