import { type ParseArgsConfig, parseArgs } from "node:util";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import type { StrayErrors } from "../../lab/stray-errors.ts";
import type { Output } from "./output.ts";

/** The exit codes that scripts rely on. */
export const EXIT = { green: 0, failed: 1, badInput: 2, interrupted: 130 } as const;

/** A command's environment: its output streams, and a signal that Ctrl-C aborts. */
export interface Terminal {
  environment: NodeJS.ProcessEnv;
  out: Output;
  err: Output;
  signal: AbortSignal;
  /** Uncaught errors of this process: the work in progress ends with the first. */
  strays: StrayErrors;
}

export interface Command {
  help: string;
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Positionals and options of a command. @throws LabError for an unknown option */
export function readArguments<Wanted extends Options>(command: string, args: readonly string[], options: Wanted) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new LabError("bad-input", messageOf(error).split(". To specify")[0] ?? "", {
      hint: `see \`resilience-lab ${command} --help\``,
    });
  }
}

/** One of the allowed values. @throws LabError that lists them */
export function oneOf<Word extends string>(option: string, value: string, allowed: readonly Word[]): Word {
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  throw new LabError("bad-input", `${option} cannot be "${value}"`, { hint: `it is one of: ${allowed.join(", ")}` });
}

export function positiveInteger(option: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new LabError("bad-input", `${option} needs a whole number of 1 or more, not "${value}"`);
}
