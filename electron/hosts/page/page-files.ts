import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { LabError } from "../../lab/lab-error.ts";
import { NONCE_PLACEHOLDER } from "./page-policy.ts";

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

export interface PageFile {
  body: Uint8Array<ArrayBuffer>;
  type: string;
  /** Its name contains a digest of its content. */
  isImmutable: boolean;
}

/** The built page, as every host with a window serves it. */
export class PageFiles {
  readonly #folder: string;

  /** @throws LabError when the page has not been built */
  constructor(folder: string) {
    this.#folder = folder;
    if (existsSync(join(folder, "index.html"))) return;
    throw new LabError("precondition", `the page has not been built: ${folder} has no index.html`, {
      hint: "build it with `npm run build`",
    });
  }

  /**
   * The file for a URL's path; undefined when there is none. Every path without an extension is the page itself, which
   * shows the route in the path.
   */
  async read(urlPath: string, nonce: string): Promise<PageFile | undefined> {
    const path = decode(urlPath);
    if (path === undefined) return undefined;
    const type = TYPES[extname(path)];
    if (extname(path) === "") return this.#page(nonce);
    const file = join(this.#folder, path);
    if (type === undefined || !file.startsWith(this.#folder + sep)) return undefined;
    if (path === "/index.html") return this.#page(nonce);
    if (!(await isFile(file))) return undefined;
    return { body: new Uint8Array(await readFile(file)), type, isImmutable: path.startsWith("/assets/") };
  }

  async #page(nonce: string): Promise<PageFile> {
    const text = await readFile(join(this.#folder, "index.html"), "utf8");
    const body = new TextEncoder().encode(text.replaceAll(NONCE_PLACEHOLDER, nonce));
    return { body, type: TYPES[".html"] ?? "", isImmutable: false };
  }
}

/** Undefined for a path that no browser would send. */
function decode(urlPath: string): string | undefined {
  try {
    const path = decodeURIComponent(urlPath);
    const isPlain = path.startsWith("/") && !path.includes("//") && !/[\0\\]/.test(path);
    return isPlain && !path.split("/").includes("..") ? path : undefined;
  } catch {
    return undefined;
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
