import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";

/** Which part of the house may import what. Paths are relative to the project and use `/`. */
interface Law {
  name: string;
  /** The files that it is for. */
  of: RegExp;
  /** Whether such a file may import this: a path in the project, or a specifier such as `node:fs` or `react`. */
  allows(imported: Imported, file: string): boolean;
}

export interface Imported {
  specifier: string;
  /** Where it leads in the project; undefined for a package or a module of Node's own. */
  path: string | undefined;
  /** `import type`: gone at run time. */
  isTypeOnly: boolean;
}

export interface Violation {
  file: string;
  line: number;
  specifier: string;
  law: string;
}

const isIn = (path: string | undefined, ...folders: string[]) =>
  path !== undefined && folders.some((folder) => path.startsWith(`${folder}/`));
const isPackage = ({ specifier, path }: Imported, ...names: string[]) =>
  path === undefined && names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
const isOfStack = (path: string | undefined) => isIn(path, "resources/stack");

const PAGE_PACKAGES = ["react", "react-dom", "@mantine", "@tabler", "@tanstack", "@xyflow", "uplot", "zustand"];

const LAWS: readonly Law[] = [
  {
    name: "the page imports of electron only the contract and the model of a run, and nothing of Node",
    of: /^renderer\//,
    allows: ({ specifier, path }) =>
      path === undefined
        ? !specifier.startsWith("node:")
        : isIn(path, "renderer", "electron/contract", "electron/model"),
  },
  {
    name: "the engine imports no host, no shell and nothing of the page; it may look up its own version",
    of: /^electron\/lab\//,
    allows: (imported) =>
      imported.path === undefined
        ? !isPackage(imported, ...PAGE_PACKAGES)
        : isIn(imported.path, "electron/lab", "electron/contract", "electron/model") ||
          imported.path === "package.json",
  },
  {
    name: "the contract and the model import nothing environmental, so that they run anywhere; the model imports only itself",
    of: /^electron\/(contract|model)\//,
    allows: (imported, file) =>
      imported.path === undefined
        ? isPackage(imported, "zod") || (file.startsWith("electron/contract/") && isPackage(imported, "@orpc/contract"))
        : isIn(imported.path, "electron/model") ||
          (file.startsWith("electron/contract/") && isIn(imported.path, "electron/contract")),
  },
  {
    name: "a database of SQLite is the history's or the journal's: nobody else speaks SQL to one",
    of: /^electron\/(?!lab\/(history\/sqlite|journal)\/|bench\/|testing\/)/,
    allows: (imported, file) => !isPackage(imported, "better-sqlite3") || isTest(file),
  },
  {
    name: "electron itself is imported by the desktop shell alone; tests that drive it may know its types",
    of: /^(electron\/(?!shell\/|main\.ts$|preload\.ts$)|resources\/|e2e\/|renderer\/)/,
    allows: (imported, file) => !isPackage(imported, "electron") || (imported.isTypeOnly && file.startsWith("e2e/")),
  },
  {
    name: "a host says where runs happen by a run target, and knows no driver and no engine",
    of: /^electron\/(hosts|shell)\//,
    allows: ({ path }, file) =>
      isTest(file) ||
      path === undefined ||
      !/^electron\/lab\/stack\/(docker\/|(process|docker)-(driver|backend)|open-driver)/.test(path),
  },
  {
    name: "a service of the stack is a program of its own: it imports nothing of the lab or of another service",
    of: /^resources\/stack\//,
    allows: ({ path }, file) => {
      if (path === undefined) return true;
      const own = file.split("/").slice(0, 3).join("/");
      return isIn(path, own, "resources/stack/http") || (isOfStack(path) && posix.dirname(path) === own);
    },
  },
];

/** Tests may reach for what only they need, in folders called `testing`; all else of the laws holds for them too. */
const isForTests = (path: string | undefined) => path !== undefined && /(^|\/)testing\//.test(path);
const isTest = (file: string) => /\.(test|spec)\.tsx?$/.test(file) || isForTests(file);

/** What of a source text is against the laws. `file` is relative to the project. */
export function violationsIn(file: string, source: string): Violation[] {
  const laws = LAWS.filter(({ of }) => of.test(file));
  return importsOf(source).flatMap(({ specifier, line, isTypeOnly }) => {
    const imported = { specifier, path: resolvePath(file, specifier), isTypeOnly };
    if (isTest(file) && (isForTests(imported.path) || isPackage(imported, "vitest") || specifier.startsWith("node:"))) {
      return [];
    }
    return laws.filter((law) => !law.allows(imported, file)).map((law) => ({ file, line, specifier, law: law.name }));
  });
}

function resolvePath(file: string, specifier: string): string | undefined {
  return /^\.\.?(\/|$)/.test(specifier) ? posix.join(posix.dirname(file), specifier) : undefined;
}

/** `import "x"`, `import ... from "x"`, `export ... from "x"`, `import("x")` and `require("x")`, types included. */
const IMPORT =
  /(?:^|[\s;}])(?:import\s*(?:type\s+)?(?:[\w$*{},\s]+?\sfrom\s*)?|export\s*(?:type\s+)?[\w$*{},\s]+?\sfrom\s*)(["'])([^"'\n]+)\1|\b(?:import|require|importOriginal|vi\.mock)\s*\(\s*(["'])([^"'\n]+)\3/g;

export function importsOf(source: string): { specifier: string; line: number; isTypeOnly: boolean }[] {
  const code = withoutComments(source);
  return [...code.matchAll(IMPORT)].map((match) => ({
    specifier: match[2] ?? match[4] ?? "",
    line: code.slice(0, match.index + match[0].length).split("\n").length,
    isTypeOnly: /^\W*(import|export)\s+type\s/.test(match[0]),
  }));
}

/** Comments as spaces, so that lines keep their numbers, and texts that hold other texts: source within a source. */
function withoutComments(source: string): string {
  const tokens = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return source.replaceAll(tokens, (token) => {
    const isPlainText = /^["'`]/.test(token) && !/["'`\n]/.test(token.slice(1, -1));
    return isPlainText ? token : token.replaceAll(/[^\n]/g, " ");
  });
}

/** Every source file of the project's own, relative to `project`. */
export function sourceFiles(project: string): string[] {
  return ["electron", "renderer", "resources/stack", "e2e"].flatMap((folder) =>
    filesIn(join(project, folder), project),
  );
}

function filesIn(folder: string, project: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs|cjs|js)$/.test(entry.name))
    .map((entry) => relative(project, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((file) => !/(^|\/)(node_modules|build|dist)\//.test(file));
}

export function violationsOfProject(project: string): Violation[] {
  return sourceFiles(project).flatMap((file) => violationsIn(file, readFileSync(join(project, file), "utf8")));
}

export const PROJECT = dirname(import.meta.dirname);
