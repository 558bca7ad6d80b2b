import type { Admin, PromptFile as View } from '@parkade/admin';
import type {
  AdminServiceServer,
  CreatePromptFileRequest,
  DeletePromptFileRequest,
  GetPromptFileRequest,
  ListPromptFilesRequest,
  PromptFile,
} from '@parkade/proto/admin';
import { Refused } from '@parkade/rpc';
import { type AdminRpc, given } from './handling.js';
import { inProtoWords, queryOf } from './pages.js';

/** The RPCs of prompt files. */
export function promptFileRpcs(
  rpc: AdminRpc,
  admin: Pick<Admin, 'promptFiles' | 'listPromptFiles'>,
): Pick<AdminServiceServer, 'createPromptFile' | 'getPromptFile' | 'deletePromptFile' | 'listPromptFiles'> {
  const { promptFiles } = admin;
  const shown = async (tenantId: string, file: View, revision: number): Promise<PromptFile | Refused> => {
    const link = await promptFiles.link(tenantId, file.id);
    if (link instanceof Refused) return link;
    const { id, name, content_type: contentType, size } = file;
    return { promptFileId: id, name, contentType, sizeBytes: size, link, revision };
  };
  return {
    createPromptFile: rpc(async ({ tenantId, requestId, name, content }: CreatePromptFileRequest) => {
      const made = await promptFiles.create(tenantId, name, content, given(requestId));
      if (made instanceof Refused) return made;
      const promptFile = await shown(tenantId, made.value, made.revision);
      return promptFile instanceof Refused ? promptFile : { promptFile };
    }),
    getPromptFile: rpc(async ({ tenantId, promptFileId }: GetPromptFileRequest) => {
      const found = await promptFiles.show(tenantId, promptFileId);
      if (found instanceof Refused) return found;
      const promptFile = await shown(tenantId, found.value, found.revision);
      return promptFile instanceof Refused ? promptFile : { promptFile };
    }),
    deletePromptFile: rpc(async ({ tenantId, promptFileId, expectedRevision }: DeletePromptFileRequest) => {
      const deleted = await promptFiles.destroy(tenantId, promptFileId, { expectedRevision });
      return deleted instanceof Refused ? deleted : {};
    }),
    listPromptFiles: rpc(async ({ tenantId, query }: ListPromptFilesRequest) => {
      const page = await admin.listPromptFiles(tenantId, queryOf(query));
      if (page instanceof Refused) return inProtoWords(page);
      const files: PromptFile[] = [];
      for (const file of page.items) {
        const one = await shown(tenantId, file, 0);
        if (one instanceof Refused) return one;
        files.push(one);
      }
      return { promptFiles: files, page: { totalCount: page.count, nextPageToken: page.next ?? '' } };
    }),
  };
}
