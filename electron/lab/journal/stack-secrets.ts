import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LabError, messageOf } from "../lab-error.ts";

export const SECRET_NAME = /^[A-Z][A-Z0-9_]*$/;
const BYTES = 32;

/**
 * The random values of one data folder for the secrets of its stacks, in a file of `NAME=value` lines that only its owner
 * can read, and that `docker compose --env-file` accepts. Each is generated once. No other file holds them: the journal
 * has `{secret:NAME}` instead. Values that a person has set are not among them: the journal holds those while the stack is
 * up, and erases them with it.
 */
export class StackSecrets {
  readonly file: string;

  constructor(dataFolder: string) {
    this.file = join(dataFolder, "secrets.env");
  }

  /** The values of these names, generated and stored where missing. @throws LabError when they cannot be stored */
  make(names: readonly string[]): Record<string, string> {
    try {
      for (;;) {
        const kept = this.#read();
        const missing = names.filter((name) => kept?.[name] === undefined);
        if (missing.length === 0) return Object.fromEntries(names.map((name) => [name, kept?.[name] ?? ""]));
        const made = missing.map((name) => [name, randomBytes(BYTES).toString("hex")]);
        this.#write({ ...kept, ...Object.fromEntries(made) }, kept === undefined);
      }
    } catch (error) {
      throw new LabError("bad-input", `the stack's secrets cannot be stored in ${this.file}: ${messageOf(error)}`, {
        hint: "make it writable, or point RESILIENCE_LAB_HOME at another folder",
        cause: error,
      });
    }
  }

  /** The values of these names as far as they are stored; `{secret:NAME}` for one that is not. Writes nothing. */
  known(names: readonly string[]): Record<string, string> {
    const kept = this.#readOrNone();
    return Object.fromEntries(names.map((name) => [name, kept[name] ?? `{secret:${name}}`]));
  }

  /** A text with each secret replaced by its name, for storing. */
  conceal(text: string): string {
    return Object.entries(this.#read() ?? {}).reduce(
      (all, [name, value]) => all.replaceAll(value, `{secret:${name}}`),
      text,
    );
  }

  /** The inverse of {@link conceal}. A name whose value cannot be read stays as it is, so that an undo can continue. */
  reveal(text: string): string {
    if (!text.includes("{secret:")) return text;
    const kept = this.#readOrNone();
    return text.replaceAll(/\{secret:([A-Z][A-Z0-9_]*)\}/g, (all, name: string) => kept[name] ?? all);
  }

  #readOrNone(): Record<string, string> {
    try {
      return this.#read() ?? {};
    } catch {
      return {};
    }
  }

  /** Undefined when there is no file yet. */
  #read(): Record<string, string> | undefined {
    try {
      const lines = readFileSync(this.file, "utf8").split("\n");
      const pairs = lines.flatMap((line) => [/^([A-Z][A-Z0-9_]*)=([0-9a-f]{64})$/.exec(line)?.slice(1) ?? []]);
      return Object.fromEntries(pairs.filter(({ length }) => length === 2)) as Record<string, string>;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Atomic; when two processes create the file at once, the second uses what the first has written. */
  #write(values: Readonly<Record<string, string>>, isNew: boolean): void {
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    const temporary = `${this.file}.${process.pid}`;
    const text = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(temporary, text.join(""), { mode: 0o600, flush: true });
    try {
      if (isNew) linkSync(temporary, this.file);
      else renameSync(temporary, this.file);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
  }
}
