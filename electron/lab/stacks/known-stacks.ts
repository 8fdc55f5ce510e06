import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { type GatewayAddress, gatewayAddress, type ListedProject, type OpenedFile } from "../../contract/stacks.ts";
import { parseJson } from "../../model/json.ts";
import { messageOf } from "../lab-error.ts";
import { projectOfFiles, servicesIn } from "./compose-project.ts";

const LIMIT = 50;
const known = z.object({ files: z.array(z.string()), gateways: z.array(gatewayAddress) });
type Known = z.infer<typeof known>;

/**
 * The compose files and the gateways that a person has opened, the last first, in a file of the data folder. One that cannot
 * be read counts as empty, and what cannot be written is known as long as this process.
 */
export class KnownStacks {
  readonly #folder: string;
  #known: Known;

  constructor(dataFolder: string) {
    this.#folder = dataFolder;
    const parsed = known.safeParse(existsSync(this.#file) ? parseJson(readFileSync(this.#file, "utf8")) : undefined);
    this.#known = parsed.success ? parsed.data : { files: [], gateways: [] };
  }

  get files(): readonly string[] {
    return this.#known.files;
  }

  get gateways(): readonly GatewayAddress[] {
    return this.#known.gateways;
  }

  addFile(file: string): void {
    const path = resolve(file);
    this.#change({ files: [path, ...this.files.filter((each) => each !== path)].slice(0, LIMIT) });
  }

  addGateway({ url, headers }: GatewayAddress): void {
    this.#change({ gateways: [{ url, headers }, ...this.#otherGateways(url)].slice(0, LIMIT) });
  }

  /** @param id of {@link OpenedFile} */
  forgetFile(id: string): void {
    this.#change({ files: this.files.filter((file) => idOf(file) !== id) });
  }

  forgetGateway(url: string): void {
    this.#change({ gateways: this.#otherGateways(url) });
  }

  #otherGateways(url: string): GatewayAddress[] {
    return this.gateways.filter((each) => each.url !== url);
  }

  get #file(): string {
    return join(this.#folder, "known-stacks.json");
  }

  #change(change: Partial<Known>): void {
    this.#known = { ...this.#known, ...change };
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const partial = `${this.#file}.${process.pid}`;
      writeFileSync(partial, JSON.stringify(this.#known), { mode: 0o600 });
      renameSync(partial, this.#file);
    } catch {
      // Read-only, or full: see the class.
    }
  }
}

/**
 * An opened compose file as a person sees it.
 * @param projects those of the engine: one that was brought up from other files may have the same name
 */
export function describeFile(
  file: string,
  projects: readonly ListedProject[],
  environment: NodeJS.ProcessEnv,
): OpenedFile {
  const opened = { id: idOf(file), file };
  const failed = (problem: string) => ({ ...opened, project: null, services: [], problem });
  if (!existsSync(file)) return failed("The file is gone: open it where it is now");
  try {
    const project = projectOfFiles([file], environment);
    const other = projects.find((each) => each.project === project && !each.files.includes(file));
    const problem =
      other &&
      `The engine has a project ${project} of ${other.files.join(", ") || "other files"}: remove that one first`;
    return { ...opened, project, services: servicesIn(file), problem: problem ?? null };
  } catch (error) {
    return failed(messageOf(error));
  }
}

/** By which a page names a file, of which it never names the path. */
function idOf(file: string): string {
  return createHash("sha256").update(file).digest("hex").slice(0, 16);
}
