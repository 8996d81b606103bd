/**
 * Tells whether a file loads in every runtime. It parses with the linter of Deno, which
 * answers only in `deno test`.
 *
 * @module
 */

/** What stands at the top of every file that loads in every runtime. */
export const PORTABLE_HEADER = "// This module is browser compatible.\n";

/** The globals of single runtimes. A browser's type check still knows those of Node. */
const RUNTIME_GLOBALS: ReadonlySet<string> = new Set([
  "Buffer",
  "Bun",
  "Deno",
  "global",
  "process",
  "require",
  "setImmediate",
]);

/** What a scan of one file found. */
export interface PortableScan {
  /** The relative imports, in order. */
  readonly imports: readonly string[];
  /** What keeps the file from loading everywhere, for people. */
  readonly problems: readonly string[];
}

/**
 * Scans one file, without those that it imports.
 *
 * @param file The name of the file, for the messages.
 * @param source Its text.
 * @returns Its imports and its problems.
 */
export function scanPortable(file: string, source: string): PortableScan {
  const imports: string[] = [];
  const problems: string[] = [];
  if (!source.startsWith(PORTABLE_HEADER)) {
    problems.push(`${file} does not begin with "${PORTABLE_HEADER.trim()}"`);
  }
  if (/^\s*\/\/\/\s*<reference/m.test(source)) {
    problems.push(`${file} has a reference directive`);
  }

  function visitImport(specifier: Deno.lint.Node | null): void {
    if (specifier === null) return;
    if (specifier.type !== "Literal" || typeof specifier.value !== "string") {
      problems.push(`${file} imports a computed name`);
    } else if (/^\.{1,2}\//.test(specifier.value)) {
      imports.push(specifier.value);
    } else {
      problems.push(`${file} imports "${specifier.value}"`);
    }
  }

  Deno.lint.runPlugin(
    {
      name: "portable",
      rules: {
        scan: {
          create: () => ({
            ImportDeclaration: (node) => visitImport(node.source),
            ExportAllDeclaration: (node) => visitImport(node.source),
            ExportNamedDeclaration: (node) => visitImport(node.source),
            ImportExpression: (node) => visitImport(node.source),
            TSImportType: ({ argument }) =>
              visitImport(
                argument.type === "TSLiteralType" ? argument.literal : argument,
              ),
            Identifier(node) {
              if (RUNTIME_GLOBALS.has(node.name) && !isPropertyName(node)) {
                problems.push(`${file} uses the global ${node.name}`);
              }
            },
            Literal(node) {
              // "Deno" in globalThis, globalThis["Deno"]
              if (node.value === "Deno" || node.value === "Bun") {
                problems.push(`${file} asks for the global ${node.value}`);
              }
            },
          }),
        },
      },
    },
    file,
    source,
  );
  return { imports, problems };
}

/** Deno's name is refused as a property, too: `globalThis.Deno` is the global. */
function isPropertyName(node: Deno.lint.Identifier): boolean {
  if (node.name === "Deno" || node.name === "Bun") return false;
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.property === node && !parent.computed;
    case "Property":
      return parent.key === node && !parent.computed && !parent.shorthand;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSMethodSignature":
    case "TSPropertySignature":
      return parent.key === node && !parent.computed;
    default:
      return false;
  }
}

/**
 * Scans files and all that they import.
 *
 * @param entries The URLs to begin with.
 * @param readText Reads a file.
 * @returns The URLs reached, and the problems found in them.
 */
export async function scanPortableGraph(
  entries: readonly URL[],
  readText: (url: URL) => Promise<string>,
): Promise<{ reached: string[]; problems: string[] }> {
  const reached = new Set(entries.map((url) => url.href));
  const problems: string[] = [];
  // A set also iterates over what is added on the way.
  for (const href of reached) {
    const scan = scanPortable(href, await readText(new URL(href)));
    problems.push(...scan.problems);
    for (const specifier of scan.imports) {
      reached.add(new URL(specifier, href).href);
    }
  }
  return { reached: [...reached], problems };
}
