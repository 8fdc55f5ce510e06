import { createHash } from "node:crypto";
import type { RunAnnotations } from "../../../model/annotations.ts";
import type { RunRecord } from "../format.ts";
import type { TextSink } from "../zip-writer.ts";
import { escapeHtml, jsonForScript } from "./markup.ts";
import { RecordedLines } from "./recorded-lines.ts";
import { SUMMARY_STYLE } from "./summary-style.ts";
import { hashOf, type ViewerBuild } from "./viewer-build.ts";

const NO_VIEWER =
  "<p>This file has summaries alone: the lab that wrote it was not built. Its viewer shows timeline, map and details.</p>\n";

/**
 * Runs as one HTML file that needs no lab, no network and no other file: the page's run views in one classic script, what
 * was recorded of each run beside it, compressed, and a summary of each for readers without scripts and for paper. Its
 * policy allows this script, these styles and no connection. Where the viewer was not built, the file has the summaries
 * alone. Written in one pass, run by run: its events, then its telemetry; memory does not grow with them.
 */
export class ViewerPage {
  readonly #viewer: ViewerBuild | undefined;
  readonly #sink: TextSink;
  readonly #runs: number;
  #runId: string | undefined;
  #lines: RecordedLines | undefined;

  /** @param runs how many will be written */
  constructor(viewer: ViewerBuild | undefined, sink: TextSink, runs: number) {
    this.#viewer = viewer;
    this.#sink = sink;
    this.#runs = runs;
  }

  async beginRun(record: RunRecord, annotations: RunAnnotations): Promise<void> {
    const { id, scenarioTitle, outcome } = record;
    const title = scenarioTitle || record.scenarioId;
    if (this.#runId === undefined) {
      await this.#sink.write(
        pageHead(this.#viewer, {
          title: this.#runs === 1 ? `${outcome}: ${title}` : `${this.#runs} runs`,
          nonce: createHash("sha256").update(id).digest("base64url").slice(0, 22),
        }),
      );
    }
    this.#runId = id;
    if (this.#viewer === undefined) return;
    await this.#sink.write(
      `<script type="application/json" data-run="${id}">${jsonForScript({ id, title, annotations })}</script>\n`,
    );
    await this.#open("events");
  }

  /** A returned promise is to be awaited before more is written. */
  event(line: string): Promise<void> | undefined {
    return this.#lines?.write(line);
  }

  async endEvents(): Promise<void> {
    await this.#close();
    if (this.#viewer !== undefined) await this.#open("telemetry");
  }

  telemetry(line: string): Promise<void> | undefined {
    return this.#lines?.write(line);
  }

  /** @param summary as HTML */
  async endRun(summary: string): Promise<void> {
    await this.#close();
    await this.#sink.write(summary);
  }

  async end(): Promise<void> {
    const script = this.#viewer === undefined ? "" : `<script>${this.#viewer.script}</script>\n`;
    await this.#sink.write(`</main>\n${script}</body>\n</html>\n`);
    await this.#sink.end();
  }

  async #open(part: "events" | "telemetry"): Promise<void> {
    await this.#sink.write(`<script type="application/octet-stream" data-${part}="${this.#runId}">`);
    this.#lines = new RecordedLines(this.#sink);
  }

  async #close(): Promise<void> {
    if (this.#lines === undefined) return;
    await this.#lines.end();
    this.#lines = undefined;
    await this.#sink.write("</script>\n");
  }
}

/** @param nonce of styles that the viewer makes as it runs. No secret: no markup in the file comes from a run. */
function pageHead(viewer: ViewerBuild | undefined, { title, nonce }: { title: string; nonce: string }): string {
  const styles = viewer === undefined ? [SUMMARY_STYLE] : [viewer.style, SUMMARY_STYLE];
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hashOf).join(" ")} 'nonce-${nonce}'`,
    ...(viewer === undefined ? [] : [`script-src ${hashOf(viewer.script)}`]),
    // Pictures that the page draws, to be copied.
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="color-scheme" content="light dark">',
    `<meta name="csp-nonce" content="${nonce}">`,
    `<title>${escapeHtml(title)} · Resilience Lab</title>`,
    ...styles.map((style) => `<style>${style}</style>`),
    "</head>",
    "<body>",
    '<div id="root"></div>',
    `<main id="summary">${viewer === undefined ? NO_VIEWER : ""}`,
    "",
  ].join("\n");
}
