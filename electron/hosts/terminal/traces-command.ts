import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { readWholeFile } from "../../lab/documents/read-whole-file.ts";
import { convertTrace } from "../../lab/evaluation/convert-trace.ts";
import { expectedSet } from "../../lab/evaluation/expected-set.ts";
import type { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { tracesOfEntry } from "../../lab/trace-entries/entry-trace.ts";
import { pullTrace } from "../../lab/trace-entries/pull-trace.ts";
import { type StoredTrace, storeTrace } from "../../lab/trace-entries/store-trace.ts";
import { TRACE_FILE_LIMIT } from "../../lab/trace-files/read-trace-file.ts";
import { visibleLine } from "../../model/visible-text.ts";
import { type Command, EXIT, oneOf, readArguments, type Terminal } from "./command.ts";
import { withLab } from "./with-lab.ts";

const options = { out: { type: "string" } } as const;

export const tracesCommand: Command = {
  help: `resilience-lab traces open FILE...
resilience-lab traces pull ADDRESS ID...
resilience-lab traces expected RUN [--out FILE]

Keeps traces without a run in the history, where the window shows them as a waterfall and evaluates them.
  open       files of Jaeger, OTLP (JSON, lines, protobuf) and Tempo, detected by their content
  pull       one trace by its id from the query API of a Jaeger or a Tempo, such as http://localhost:16686
  expected   writes the turns of agents in a trace or a run as an eval set that expects them (\`evaluate --eval-set\`)
RUN is a run's id or the first characters of it. Exit 1 when a file, or a part of one, could not be read; the others are kept.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments("traces", args, options);
    const [action = "", first, ...rest] = positionals;
    const wanted = oneOf("traces", action, ["open", "pull", "expected"]);
    if (wanted !== "expected" && values.out !== undefined) {
      throw new LabError("bad-input", `traces ${wanted} takes no --out`);
    }
    if (first === undefined)
      throw new LabError("bad-input", `see \`resilience-lab traces --help\` for what ${wanted} takes`);
    return withLab(terminal, async (lab) => {
      if (wanted === "expected") return writeExpected(lab, first, values.out, terminal);
      if (wanted === "open") return storeAll(lab, [first, ...rest].map(fileOf), terminal);
      if (rest.length === 0) throw new LabError("bad-input", "specify the id of the trace after the address");
      return storeAll(
        lab,
        rest.map((id) => ({ of: id, read: () => pullTrace(first, id, terminal.signal) })),
        terminal,
      );
    });
  },
};

interface Source {
  /** How a person named it. */
  of: string;
  read: () => Promise<{ content: Uint8Array; name: string }>;
}

function fileOf(file: string): Source {
  return { of: file, read: async () => ({ content: readWholeFile(file, TRACE_FILE_LIMIT), name: basename(file) }) };
}

/** What is refused is named, and the others are stored. */

async function storeAll({ history }: Lab, sources: readonly Source[], { out, err, signal }: Terminal): Promise<number> {
  history.assertWritable();
  let isWhole = true;
  for (const { of, read } of sources) {
    let trace: StoredTrace;
    try {
      trace = await storeTrace(history, await read(), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LabError)) throw error;
      isWhole = false;
      err.write(`${visibleLine(`${of}: ${error.message}`)}\n${error.hint ? `  ${visibleLine(error.hint)}\n` : ""}`);
      continue;
    }
    isWhole &&= trace.problems.length === 0;
    const what = `${trace.spans} ${trace.spans === 1 ? "span" : "spans"} in ${trace.traces} ${trace.traces === 1 ? "trace" : "traces"}`;
    out.write(
      `${trace.isAlreadyHere ? "already here" : "stored"} ${trace.runId}  ${visibleLine(trace.title)}  ${what}\n`,
    );
    for (const problem of trace.problems) err.write(`${visibleLine(trace.title)}: not read: ${visibleLine(problem)}\n`);
  }
  return isWhole ? EXIT.green : EXIT.failed;
}

async function writeExpected(
  { history }: Lab,
  run: string,
  file: string | undefined,
  { out, err, signal }: Terminal,
): Promise<number> {
  const { runId, title, traces } = await tracesOfEntry(history, run, signal);
  const turns = traces.flatMap((trace) => convertTrace(trace).invocations);
  if (turns.length === 0) throw new LabError("bad-input", `no turn of an agent was found in ${run}`);
  const text = expectedSet(`expected-${runId.slice(0, 8)}`, title, turns);
  if (file === undefined) out.stream.write(text);
  else {
    await writeFile(file, text, { mode: 0o600 });
    err.write(`${file}: ${turns.length} ${turns.length === 1 ? "turn" : "turns"}\n`);
  }
  return EXIT.green;
}
