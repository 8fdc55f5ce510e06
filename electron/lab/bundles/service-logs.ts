import type { LoggedText } from "../../model/catalogue/log-entries.ts";
import { runPath } from "./format.ts";
import type { TextSink, ZipWriter } from "./zip-writer.ts";

/** A stack has a dozen services; further ones share a file. */
const FILES_LIMIT = 200;
const SHARED_FILE = "other-services";

/** Log files, one for each service. */
export class ServiceLogs {
  readonly #runId: string;
  readonly #zip: ZipWriter;
  readonly #sinks = new Map<string, TextSink>();
  readonly #names = new Set<string>();
  #shared: TextSink | undefined;

  constructor(runId: string, zip: ZipWriter) {
    this.#runId = runId;
    this.#zip = zip;
  }

  take(atMs: number, { service, stream, text }: LoggedText): Promise<void> | undefined {
    const sink = this.#sinkOf(service);
    const at = `${(atMs / 1000).toFixed(3).padStart(10)} s`;
    const who = sink === this.#shared ? `${oneLine(service)} ` : "";
    return sink.write(`${at}  ${who}${stream === undefined ? "" : `${stream}  `}${oneLine(text)}\n`);
  }

  async end(): Promise<void> {
    for (const sink of this.#sinks.values()) await sink.end();
    await this.#shared?.end();
  }

  #sinkOf(service: string): TextSink {
    const known = this.#sinks.get(service);
    if (known !== undefined) return known;
    if (this.#sinks.size >= FILES_LIMIT) {
      this.#shared ??= this.#open(SHARED_FILE);
      return this.#shared;
    }
    const sink = this.#open(this.#fileName(service));
    this.#sinks.set(service, sink);
    return sink;
  }

  #open(name: string): TextSink {
    return this.#zip.open(runPath(this.#runId, `logs/${name}.log`));
  }

  /** A safe file name for a service; equal names are numbered. */
  #fileName(service: string): string {
    const plain = service.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 60) || "_";
    let name = plain;
    for (let number = 2; this.#names.has(name.toLowerCase()) || name === SHARED_FILE; number++)
      name = `${plain}-${number}`;
    this.#names.add(name.toLowerCase());
    return name;
  }
}

function oneLine(text: string): string {
  return text.toWellFormed().replaceAll(/[\r\n\u2028\u2029]/g, " ");
}
