import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import {
  BundleProblem,
  type Exported,
  exportBundle,
  importBundle,
  previewExport,
  verifyBundle,
} from "../../lab/bundles/index.ts";
import { exportRunFile } from "../../lab/exports/export-run-file.ts";
import { Lab } from "../../lab/lab.ts";
import { LabError } from "../../lab/lab-error.ts";
import { visibleLine } from "../../model/visible-text.ts";
import { type Command, EXIT, oneOf, readArguments, type Terminal } from "./command.ts";

const options = {
  out: { type: "string" },
  force: { type: "boolean", default: false },
  html: { type: "boolean", default: false },
} as const;
type Values = ReturnType<typeof readArguments<typeof options>>["values"];

export const bundleCommand: Command = {
  help: `resilience-lab bundle preview RUN...
resilience-lab bundle export RUN... --out FILE [--force]
resilience-lab bundle export RUN --html [--out FILE] [--force]
resilience-lab bundle import FILE
resilience-lab bundle verify FILE

RUN is a run's id or the first characters of it. A bundle is a zip: open index.html in it with any browser. \`--html\`
writes that page for one run: timeline, map, inspector and replay in one file that needs no lab and no network. Secrets and
personal data are redacted, also in runs stored by labs without redaction; \`preview\` lists what is redacted, and what
looks like a secret that no rule matches. A raw run is not exported. \`--out -\` writes to standard output; \`--force\` replaces a file.
\`verify\` reads a bundle as \`import\` does and keeps nothing: exit 0 when it is valid, 1 when it is not.`,
  async run(args, terminal) {
    const { values, positionals } = readArguments("bundle", args, options);
    const [action = "", ...rest] = positionals;
    const wanted = oneOf("bundle", action, ["preview", "export", "import", "verify"]);
    if (wanted === "export") return exportRuns(rest, values, terminal);
    const [unwanted] = Object.entries(values).find(([, value]) => value !== undefined && value !== false) ?? [];
    if (unwanted !== undefined) throw new LabError("bad-input", `bundle ${wanted} takes no --${unwanted}`);
    if (wanted === "preview") return previewRuns(rest, terminal);
    const [file, ...more] = rest;
    if (file === undefined) throw new LabError("bad-input", `specify which file to ${wanted}`);
    if (more.length > 0) throw new LabError("bad-input", `bundle ${wanted} takes one file, and got "${more[0]}" too`);
    return wanted === "verify" ? verifyFile(file, terminal) : importFile(file, terminal);
  },
};

async function exportRuns(runs: readonly string[], { out, force, html }: Values, terminal: Terminal): Promise<number> {
  if (runs.length === 0) throw new LabError("bad-input", "specify which runs: see `resilience-lab history list`");
  if (html) return exportViewer(runs, { out, force }, terminal);
  if (out === undefined) throw new LabError("bad-input", "specify where to: --out FILE");
  assertWritable(out, force);
  return withLab(terminal, async ({ history }) => {
    const target = out === "-" ? { stream: terminal.out.stream } : { file: out };
    const exported = await exportBundle({ history, runIds: runs, signal: terminal.signal, ...target });
    terminal.err.write(`${out === "-" ? "exported" : out}: ${described(exported)}\n`);
    return EXIT.green;
  });
}

/** One run as one HTML file; by default in the current folder, named after the run. */
async function exportViewer(
  runs: readonly string[],
  { out, force }: { out: string | undefined; force: boolean },
  terminal: Terminal,
): Promise<number> {
  const [run = "", ...more] = runs;
  if (more.length > 0) {
    throw new LabError("bad-input", "--html takes one run", { hint: "a bundle has an index.html of all its runs" });
  }
  if (out !== undefined) assertWritable(out, force);
  return withLab(terminal, async ({ history }) => {
    const { fileName, text } = await exportRunFile(history, run, "html", terminal.signal);
    if (out === "-") {
      terminal.out.stream.write(text);
      return EXIT.green;
    }
    const file = out ?? fileName;
    assertWritable(file, force);
    await writeFile(file, text, { mode: 0o600 });
    terminal.err.write(`${file}: ${sizeOf(Buffer.byteLength(text))}; open it with any browser\n`);
    return EXIT.green;
  });
}

function assertWritable(out: string, force: boolean): void {
  if (out === "-" || force || !existsSync(out)) return;
  throw new LabError("bad-input", `${out} exists`, { hint: "give another name with --out, or --force to replace it" });
}

async function previewRuns(runs: readonly string[], terminal: Terminal): Promise<number> {
  if (runs.length === 0) throw new LabError("bad-input", "specify which runs: see `resilience-lab history list`");
  return withLab(terminal, async ({ history }) => {
    const { redacted, suspicious, suspiciousMore } = await previewExport(history, runs, terminal.signal);
    const kinds = Object.entries(redacted);
    terminal.out.write(kinds.length === 0 ? "redacted: nothing\n" : "redacted:\n");
    for (const [kind, count] of kinds) terminal.out.write(`  ${kind.padEnd(24)} x${count}\n`);
    terminal.out.write(
      suspicious.length === 0 ? "looks suspicious: nothing\n" : "looks suspicious, and is not redacted:\n",
    );
    for (const { runId, seq, where, what } of suspicious) {
      terminal.out.write(`  run ${runId.slice(0, 8)}  ${seq === null ? "" : `event ${seq} `}${where}  ${what}\n`);
    }
    if (suspiciousMore > 0) terminal.out.write(`  and ${suspiciousMore} more\n`);
    return EXIT.green;
  });
}

function described({ runIds, bytes, redacted }: Exported): string {
  const taken = Object.entries(redacted).map(([kind, count]) => `${kind} x${count}`);
  const secrets = taken.length === 0 ? "no secrets found" : `redacted: ${taken.join(", ")}`;
  return `${counted(runIds.length)}, ${sizeOf(bytes)}, ${secrets}`;
}

function sizeOf(bytes: number): string {
  if (bytes < 10_000) return `${bytes} bytes`;
  return bytes < 1e7 ? `${Math.round(bytes / 1_000)} kB` : `${Math.round(bytes / 1e6)} MB`;
}

const VIEWER_DIFFERS =
  "index.html in it is not the one that this lab would write: another version wrote it, or someone changed it. The lab does not open it";

function importFile(file: string, terminal: Terminal): Promise<number> {
  return withLab(terminal, async ({ history }) => {
    const { imported, alreadyHere, viewerDiffers } = await importBundle({
      history,
      file,
      signal: terminal.signal,
    }).catch(naming(file));
    for (const { runId, scenarioTitle } of imported)
      terminal.out.write(`imported ${runId}  ${visibleLine(scenarioTitle)}\n`);
    for (const runId of alreadyHere) terminal.out.write(`already here ${runId}\n`);
    if (viewerDiffers) terminal.err.write(`${file}: ${VIEWER_DIFFERS}\n`);
    return EXIT.green;
  });
}

/** Adds the file name to a bundle's problem. */
function naming(file: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof BundleProblem)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new LabError(error.code, `${file}: ${error.message}`, { ...hint, cause: error });
  };
}

async function verifyFile(file: string, { out, err, signal }: Terminal): Promise<number> {
  const { isValid, problems, runs, createdBy, viewerDiffers } = await verifyBundle(file, { signal });
  for (const problem of problems) err.write(`${file}: ${problem}\n`);
  if (!isValid) return EXIT.failed;
  if (viewerDiffers) err.write(`${file}: ${VIEWER_DIFFERS}\n`);
  out.write(`${file}: holds ${counted(runs.length)}, made by ${createdBy}\n`);
  for (const { runId, outcome, scenarioTitle, events } of runs) {
    out.write(`  ${runId}  ${outcome.padEnd(12)}  ${events} events  ${visibleLine(scenarioTitle)}\n`);
  }
  return EXIT.green;
}

function counted(runs: number): string {
  return `${runs} ${runs === 1 ? "run" : "runs"}`;
}

async function withLab(terminal: Terminal, use: (lab: Lab) => Promise<number>): Promise<number> {
  const lab = await Lab.open(terminal.environment);
  try {
    for (const notice of lab.notices()) terminal.err.write(`${notice}\n`);
    return await use(lab);
  } finally {
    await lab.close();
  }
}
