import type { MediaConfig } from '../config.js';
import { PromptDirectory } from './prompt-directory.js';
import { PromptFiles, type PromptFilesDeps } from './prompt-files.js';

/** Begins to fetch prompt files; undefined where none are to be. Rejects where the directory cannot be used. */
export async function openPrompts(
  { prompts, tenants }: Pick<MediaConfig, 'prompts' | 'tenants'>,
  deps: Pick<PromptFilesDeps, 'store' | 'settings' | 'clock' | 'log'>,
): Promise<PromptFiles | undefined> {
  if (prompts === undefined) return undefined;
  const directory = await PromptDirectory.open(prompts);
  const served = new Set(tenants.map(({ tenantId }) => tenantId));
  const files = new PromptFiles({ ...deps, directory, source: prompts.source, tenants: served });
  files.start();
  return files;
}

/** Where a tenant's prompt is at the switches: the file that was uploaded, else one of the switch's own. */
export function promptPlaces(
  { announcements }: Pick<MediaConfig, 'announcements'>,
  files: PromptFiles | undefined,
): (tenantId: string, promptFileId: string) => string | undefined {
  const own = (id: string): string => announcements.prompt.replace('{id}', () => id);
  return (tenantId, id) => {
    const at = files === undefined ? 'elsewhere' : files.at(tenantId, id);
    return at === 'elsewhere' ? own(id) : at?.path;
  };
}
