import type Dockerode from "dockerode";
import { messageOf } from "../../lab-error.ts";
import { type LogLine, SHOWN_LINE_CHARS } from "../log-tail.ts";
import { containersOf, LABEL } from "./compose-labels.ts";
import { ask } from "./engine-error.ts";
import { LogFrames } from "./log-frames.ts";
import type { ProjectWatch } from "./project-watch.ts";

/** Of a container that prints faster than it is read, the newest of what its stream had not given yet at the end. */
const REST_LINES = 5_000;

interface Followed {
  service: string;
  hasTerminal: boolean;
  /** The engine's time of the last line taken, to the nanosecond: where to go on, and what not to take twice. */
  last: Record<LogLine["stream"], string>;
  stream: NodeJS.ReadableStream | undefined;
}

/** Follows what the containers of a project print, across restarts and replacements, each line once. */
export class ContainerLogs {
  readonly #docker: Dockerode;
  readonly #project: string;
  readonly #take: (line: LogLine) => void;
  readonly #followed = new Map<string, Followed>();
  readonly #maxLineChars: number;
  /** Why lines of a service may never be read. */
  readonly #lost = new Map<string, string>();
  readonly #forget: () => void;
  #isClosed = false;
  #lastTurn: Promise<void>;

  constructor(
    docker: Dockerode,
    project: string,
    watch: ProjectWatch,
    take: (line: LogLine) => void,
    maxLineChars = SHOWN_LINE_CHARS,
  ) {
    this.#maxLineChars = maxLineChars;
    this.#docker = docker;
    this.#project = project;
    this.#take = take;
    this.#lastTurn = this.#followAll("from now").catch(() => {});
    this.#forget = watch.onChange((service) => {
      if (watch.view(service)?.state === "running") this.#inTurn(() => this.#followAll("from its start", service));
    });
  }

  /** What the streams have not given yet is asked for. */
  async read(service: string): Promise<string | undefined> {
    let problem: string | undefined;
    this.#inTurn(() =>
      this.#readAll(service).catch((error: unknown) => {
        problem = messageOf(error);
      }),
    );
    await this.#lastTurn;
    return problem ?? this.#lost.get(service);
  }

  /** Takes what has been printed until now, then ends. */
  async close(): Promise<void> {
    this.#forget();
    await this.#lastTurn;
    this.#isClosed = true;
    for (const [id, followed] of this.#followed) {
      endStream(followed.stream);
      // The stream may be a moment behind; what it had not told yet is asked for.
      await this.#readRest(id, followed).catch(() => {});
    }
  }

  /** An engine that is away is not asked again here: its return is a change, which asks. */
  #inTurn(work: () => Promise<void>): void {
    this.#lastTurn = this.#lastTurn.then(work).catch(() => {});
  }

  async #followAll(from: "from now" | "from its start", service?: string): Promise<void> {
    for (const { Id: id, State: state, Labels } of await containersOf(this.#docker, this.#project, service)) {
      if (this.#isClosed || this.#followed.get(id)?.stream !== undefined) continue;
      const followed = await this.#known(id, Labels[LABEL.service] ?? "", from);
      if (state === "running") await this.#follow(id, followed);
    }
  }

  async #known(id: string, service: string, from: "from now" | "from its start"): Promise<Followed> {
    const known = this.#followed.get(id);
    if (known !== undefined) return known;
    const container = this.#docker.getContainer(id);
    const { Config, State } = await container.inspect();
    const now = from === "from now" ? await this.#newest(container, Config.Tty).catch(() => "") : "";
    const before = now || splitTime(State.StartedAt).at;
    const followed = { service, hasTerminal: Config.Tty, last: { stdout: before, stderr: before }, stream: undefined };
    this.#followed.set(id, followed);
    return followed;
  }

  /** The time of the last line; the engine's time where the container has printed nothing, or its log gives none. */
  async #newest(container: Dockerode.Container, hasTerminal: boolean): Promise<string> {
    const [newest] = await linesOf(container, hasTerminal, { tail: 1 }).catch(() => []);
    const at = newest === undefined ? "" : splitTime(newest).at;
    return at || splitTime(((await this.#docker.info()) as { SystemTime: string }).SystemTime).at;
  }

  async #follow(id: string, followed: Followed): Promise<void> {
    const container = this.#docker.getContainer(id);
    const stream = await container.logs({
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      since: sinceOf(followed),
    });
    followed.stream = stream;
    const frames = this.#frames(followed);
    stream.on("data", (chunk: Buffer) => frames.write(chunk));
    const onEnd = () => {
      frames.end();
      if (followed.stream === stream) followed.stream = undefined;
    };
    // Ends when the container does; fails when the engine does. Either way its next start is followed again.
    stream.on("error", onEnd);
    stream.on("close", onEnd);
    stream.on("end", onEnd);
    if (this.#isClosed) endStream(stream);
  }

  #frames(followed: Followed): LogFrames {
    return new LogFrames(
      followed.hasTerminal,
      (stream, text) => {
        const { at, line } = splitTime(text);
        if (at <= followed.last[stream]) return;
        followed.last[stream] = at;
        this.#take({ service: followed.service, stream, line, atWallMs: Date.parse(at) });
      },
      this.#maxLineChars,
    );
  }

  /** Also of containers that started and ended unnoticed, and of those that were removed. */
  async #readAll(service: string): Promise<void> {
    await this.#followAll("from its start", service);
    for (const [id, followed] of [...this.#followed]) {
      if (followed.service !== service) continue;
      const isThere = await this.#readRest(id, followed);
      if (isThere) continue;
      this.#lost.set(service, `a container of ${service} was removed, and its last lines may not have been read`);
      this.#followed.delete(id);
    }
  }

  /** Resolves to false when the container was removed. */
  async #readRest(id: string, followed: Followed): Promise<boolean> {
    const { last, service, hasTerminal } = followed;
    const container = this.#docker.getContainer(id);
    const before = newestOf(followed);
    const options = { since: sinceOf(followed), tail: REST_LINES };
    const bytes = await ask("reading a log", () => logOf(container, options), [{ status: 404 }]);
    if (bytes === undefined) return false;
    const lines: string[] = [];
    readFrames(bytes, hasTerminal, (_, line) => lines.push(line));
    if (lines.length >= REST_LINES && splitTime(lines[0] ?? "").at > before) {
      this.#lost.set(service, `${service} prints faster than its log is read`);
    }
    const frames = this.#frames(followed);
    frames.write(bytes);
    frames.end();
    // Of a stream that says nothing, what the other one has said need not be read again and again.
    const recent = secondBefore(newestOf(followed));
    for (const stream of ["stdout", "stderr"] as const) if (last[stream] < recent) last[stream] = recent;
    return true;
  }
}

/** The last lines of a container, for an error message. */
export async function lastContainerLines(docker: Dockerode, id: string, count: number): Promise<string[]> {
  const container = docker.getContainer(id);
  const { Config } = await container.inspect();
  const lines: string[] = [];
  const bytes = await container.logs({ follow: false, stdout: true, stderr: true, tail: count });
  readFrames(bytes, Config.Tty, (_, line) => lines.push(line));
  return lines.slice(-count);
}

type LogOptions = { since?: number; tail?: number };

function logOf(container: Dockerode.Container, options: LogOptions): Promise<Buffer> {
  return container.logs({ follow: false, stdout: true, stderr: true, timestamps: true, ...options });
}

/** With their times. */
async function linesOf(container: Dockerode.Container, hasTerminal: boolean, options: LogOptions): Promise<string[]> {
  const lines: string[] = [];
  readFrames(await logOf(container, options), hasTerminal, (_, line) => lines.push(line));
  return lines;
}

function readFrames(bytes: Buffer, hasTerminal: boolean, take: ConstructorParameters<typeof LogFrames>[1]): void {
  const frames = new LogFrames(hasTerminal, take);
  frames.write(bytes);
  frames.end();
}

/** The engine writes RFC 3339 with as many decimals as there are; all nine make times compare as texts do. */
function splitTime(text: string): { at: string; line: string } {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z ?(.*)$/s.exec(text);
  if (match === null) return { at: "", line: text };
  return { at: `${match[1]}.${(match[2] ?? "").padEnd(9, "0")}Z`, line: match[3] ?? "" };
}

/** Where to go on: at the stream that is further behind. What the other gives again is known by its time. */
function sinceOf({ last }: Followed): number {
  return secondsOf(last.stdout < last.stderr ? last.stdout : last.stderr);
}

function newestOf({ last }: Followed): string {
  return last.stdout < last.stderr ? last.stderr : last.stdout;
}

function secondBefore(time: string): string {
  const at = Date.parse(`${time.slice(0, 19)}Z`);
  return `${new Date(at - 1_000).toISOString().slice(0, 19)}${time.slice(19)}`;
}

/** Seconds since the epoch with nanoseconds, which the engine takes as text; the client's types know numbers only. */
function secondsOf(time: string): number {
  const { at } = splitTime(time);
  const seconds = Math.floor(Date.parse(`${at.slice(0, 19)}Z`) / 1_000);
  return `${seconds}.${at.slice(20, 29)}` as unknown as number;
}

function endStream(stream: NodeJS.ReadableStream | undefined): void {
  if (stream !== undefined && "destroy" in stream && typeof stream.destroy === "function") stream.destroy();
}
