import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { z } from "zod";
import { LabError } from "../lab-error.ts";
import { parseAs } from "../parse-as.ts";
import { familyOf } from "../process-family.ts";
import type { ExpectedTurn } from "./eval-set.ts";
import type { Invocation } from "./invocation.ts";

/** The version of the protocol of agentevals' custom evaluators that is spoken here: JSON on stdin, JSON on stdout. */
const PROTOCOL_VERSION = "1.0";
export const EVALUATOR_LIMIT_MS = 30_000;
const OUTPUT_LIMIT = 1024 * 1024;
const STDERR_SHOWN = 500;

const Answer = z.looseObject({
  score: z.number().min(0).max(1),
  status: z.enum(["PASSED", "FAILED", "NOT_EVALUATED"]).nullish(),
  per_invocation_scores: z.array(z.number().nullable()).nullish(),
  details: z.record(z.string(), z.unknown()).nullish(),
});

const ANSWER_HINT = "it answers { score: 0 to 1, status?, per_invocation_scores?, details? }";

export interface CustomEvaluation {
  score: number;
  /** Undefined where the evaluator leaves it to the threshold. */
  status: "PASSED" | "FAILED" | "NOT_EVALUATED" | undefined;
  perInvocation: readonly (number | null)[];
  details: Readonly<Record<string, unknown>> | undefined;
}

export interface CustomEvaluatorInput {
  metric: string;
  threshold: number;
  invocations: readonly Invocation[];
  expected: readonly ExpectedTurn[] | undefined;
}

/**
 * Runs a person's own evaluator as a process: `.py` by python3, `.js`, `.mjs` and `.ts` by Node, anything else as a program.
 * It is killed with its children when it takes longer than {@link EVALUATOR_LIMIT_MS}.
 * @throws LabError naming the evaluator, with the end of what it wrote to stderr
 */
export async function runCustomEvaluator(
  file: string,
  input: CustomEvaluatorInput,
  signal: AbortSignal,
  limitMs = EVALUATOR_LIMIT_MS,
): Promise<CustomEvaluation> {
  signal.throwIfAborted();
  const [command, ...args] = commandOf(file);
  // A group of its own, so that its children can be killed with it.
  const child = spawn(command, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const end = () => killAll(child);
  limit.addEventListener("abort", end, { once: true });
  try {
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(requestOf(input)));
    const [out, err] = [collect(child.stdout, end), collect(child.stderr)];
    const [code] = await once(child, "close").catch((error: Error) => {
      throw failure(file, `it cannot be started: ${error.message}`);
    });
    signal.throwIfAborted();
    if (limit.aborted) throw failure(file, `it took longer than ${limitMs / 1000} s and was ended`);
    if (out.isTooLong) throw failure(file, `it answered more than ${OUTPUT_LIMIT / 1024 / 1024} MiB`);
    if (code !== 0) throw failure(file, `it ended with code ${code ?? child.signalCode}${endOf(err.text)}`);
    return readAnswer(file, out.text);
  } finally {
    limit.removeEventListener("abort", end);
    // What it has started and left behind.
    end();
  }
}

function commandOf(file: string): [string, ...string[]] {
  switch (extname(file)) {
    case ".py":
      return ["python3", file];
    case ".js":
    case ".mjs":
    case ".ts":
      return [process.execPath, file];
    default:
      return [file];
  }
}

function requestOf({ metric, threshold, invocations, expected }: CustomEvaluatorInput) {
  return {
    protocol_version: PROTOCOL_VERSION,
    metric_name: metric,
    threshold,
    config: {},
    invocations: invocations.map((turn) => ({
      invocation_id: turn.id,
      user_content: turn.userText,
      final_response: turn.finalResponse,
      intermediate_steps: {
        tool_calls: turn.toolUses.map(({ name, arguments: args }) => ({ name, args })),
        tool_responses: turn.toolUses.flatMap(({ name, response }) =>
          response === undefined ? [] : [{ name, output: response }],
        ),
      },
    })),
    expected_invocations:
      expected?.map((turn) => ({
        invocation_id: turn.id,
        user_content: turn.userText,
        final_response: turn.finalResponse ?? null,
        intermediate_steps: {
          tool_calls: turn.toolUses.map(({ name, arguments: args }) => ({ name, args })),
          tool_responses: [],
        },
      })) ?? null,
  };
}

function collect(stream: NodeJS.ReadableStream, tooLong: () => void = () => {}) {
  const collected = { text: "", isTooLong: false };
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    if (collected.text.length + text.length <= OUTPUT_LIMIT) collected.text += text;
    else if (!collected.isTooLong) {
      collected.isTooLong = true;
      tooLong();
    }
  });
  return collected;
}

function readAnswer(file: string, text: string): CustomEvaluation {
  if (text.trim() === "") throw failure(file, "it answered nothing");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw failure(file, `its answer is not JSON: ${text.trim().slice(0, 80)}`);
  }
  const { score, status, per_invocation_scores, details } = parseAs(
    Answer,
    value,
    `the answer of ${file}`,
    ANSWER_HINT,
  );
  return {
    score,
    status: status ?? undefined,
    perInvocation: per_invocation_scores ?? [],
    details: details ?? undefined,
  };
}

/** Its group, and what has left the group. Then nobody waits for what holds its output open. */
function killAll(child: ChildProcess): void {
  const { pid, exitCode, signalCode } = child;
  if (pid !== undefined) {
    const family = exitCode === null && signalCode === null ? familyOf(pid) : [];
    for (const each of [...family, -pid]) kill(each);
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}

function endOf(text: string): string {
  const end = text.trim().slice(-STDERR_SHOWN);
  return end === "" ? "" : `; the end of its stderr: ${end}`;
}

function failure(file: string, what: string): LabError {
  return new LabError("bad-input", `evaluator ${file}: ${what}`);
}
