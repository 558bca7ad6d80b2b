/** What is known of a prompt file. */
export interface PromptFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** Where it can be fetched, relative to the API. */
  readonly url: string;
}

/** A tenant's prompt files. */
export interface PromptFiles {
  /** Undefined: the tenant has no such file. */
  find(tenantId: string, fileId: string): Promise<PromptFile | undefined>;
}

/** Nobody has any. */
export const noPromptFiles: PromptFiles = { find: () => Promise.resolve(undefined) };
