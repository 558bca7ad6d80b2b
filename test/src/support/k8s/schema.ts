import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { type Manifest, nameOf } from '../manifests.js';

// The schema is `kubernetes-types`, made from the OpenAPI document of Kubernetes. Each object is written as a literal of its
// type, and the compiler says what a type does not have, what is missing, and what is of the wrong kind: unknown keys included.

/** A file that is never written; it stands here so that the package is found from here. */
const FILE = fileURLToPath(new URL('rendered-manifests.mts', import.meta.url));

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  types: [],
  lib: ['lib.es2023.d.ts'],
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  skipLibCheck: true,
};

/** Every way in which objects are not what the Kubernetes API takes: a line each, empty where all is well. */
export function schemaFaults(manifests: readonly Manifest[]): readonly string[] {
  const starts: { readonly line: number; readonly name: string }[] = [];
  const lines: string[] = [];
  for (const [i, manifest] of manifests.entries()) {
    if (!/^[A-Za-z]+$/.test(manifest.kind)) return [`${nameOf(manifest)}: no kind`];
    starts.push({ line: lines.length, name: nameOf(manifest) });
    lines.push(`import type { ${manifest.kind} as Type${i} } from ${JSON.stringify(moduleOf(manifest.apiVersion))};`);
    lines.push(...`export const object${i}: Type${i} = ${JSON.stringify(manifest, null, 1)};`.split('\n'));
  }
  return diagnosticsOf(lines.join('\n')).map(({ line, message }) => {
    const owner = starts.findLast((start) => start.line <= line)?.name ?? 'all';
    return `${owner}: ${(lines[line] ?? '').trim()}: ${message}`;
  });
}

/** Objects of the Prometheus operator are written down here. `apps/v1` is in `apps/v1`, `networking.k8s.io/v1` in `networking/v1`, `v1` in `core/v1`. */
function moduleOf(apiVersion: string): string {
  const [group = '', version] = apiVersion.split('/');
  if (apiVersion === 'monitoring.coreos.com/v1') return './monitoring-types.js';
  return `kubernetes-types/${version === undefined ? `core/${group}` : `${group.split('.')[0] ?? ''}/${version}`}.js`;
}

function diagnosticsOf(text: string): readonly { readonly line: number; readonly message: string }[] {
  const host = ts.createCompilerHost(OPTIONS);
  const source = ts.createSourceFile(FILE, text, ts.ScriptTarget.ES2023, true);
  const program = ts.createProgram({
    rootNames: [FILE],
    options: OPTIONS,
    host: {
      ...host,
      fileExists: (file) => file === FILE || host.fileExists(file),
      readFile: (file) => (file === FILE ? text : host.readFile(file)),
      getSourceFile: (file, ...rest) => (file === FILE ? source : host.getSourceFile(file, ...rest)),
    },
  });
  return [
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ].map(({ start, messageText }) => ({
    line: source.getLineAndCharacterOfPosition(start ?? 0).line,
    message: ts.flattenDiagnosticMessageText(messageText, ' '),
  }));
}
