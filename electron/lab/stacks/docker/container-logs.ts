import type Dockerode from "dockerode";
import type { LogLine } from "../log-tail.ts";
import { containersOf, LABEL } from "./compose-labels.ts";
import { LogFrames } from "./log-frames.ts";
import type { ProjectWatch } from "./project-watch.ts";

/** Of a container that prints faster than it is read, the newest of what its stream had not given yet at the end. */
const REST_LINES = 5_000;

interface Followed {
  service: string;
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
  readonly #forget: () => void;
  #isClosed = false;
  #lastTurn: Promise<void>;

  constructor(docker: Dockerode, project: string, watch: ProjectWatch, take: (line: LogLine) => void) {
    this.#docker = docker;
    this.#project = project;
    this.#take = take;
    this.#lastTurn = this.#followAll("from now").catch(() => {});
    this.#forget = watch.onChange((service) => {
      if (watch.view(service)?.state === "running") this.#inTurn(() => this.#followAll("from its start", service));
    });
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
      if (this.#isClosed || state !== "running" || this.#followed.get(id)?.stream !== undefined) continue;
      await this.#follow(id, Labels[LABEL.service] ?? "", from);
    }
  }

  async #follow(id: string, service: string, from: "from now" | "from its start"): Promise<void> {
    const container = this.#docker.getContainer(id);
    const { Config, State } = await container.inspect();
    const followed: Followed = this.#followed.get(id) ?? {
      service,
      last: { stdout: "", stderr: "" },
      stream: undefined,
    };
    this.#followed.set(id, followed);
    const since = sinceOf(followed) ?? (from === "from its start" ? secondsOf(State.StartedAt) : undefined);
    const stream = await container.logs({
      follow: true,
      stdout: true,
      stderr: true,
      timestamps: true,
      ...(since === undefined ? { tail: 0 } : { since }),
    });
    followed.stream = stream;
    const frames = this.#frames(followed, Config.Tty);
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

  #frames(followed: Followed, hasTerminal: boolean): LogFrames {
    return new LogFrames(hasTerminal, (stream, text) => {
      const { at, line } = splitTime(text);
      if (at <= followed.last[stream]) return;
      followed.last[stream] = at;
      this.#take({ service: followed.service, stream, line });
    });
  }

  async #readRest(id: string, followed: Followed): Promise<void> {
    const since = sinceOf(followed);
    if (since === undefined) return;
    const container = this.#docker.getContainer(id);
    const { Config } = await container.inspect();
    const all = { follow: false, stdout: true, stderr: true, timestamps: true } as const;
    const bytes = await container.logs({ ...all, since, tail: REST_LINES });
    const frames = this.#frames(followed, Config.Tty);
    frames.write(bytes);
    frames.end();
  }
}

/** The last lines of a container, for an error message. */
export async function lastContainerLines(docker: Dockerode, id: string, count: number): Promise<string[]> {
  const container = docker.getContainer(id);
  const { Config } = await container.inspect();
  const lines: string[] = [];
  const frames = new LogFrames(Config.Tty, (_stream, line) => lines.push(line));
  frames.write(await container.logs({ follow: false, stdout: true, stderr: true, tail: count }));
  frames.end();
  return lines.slice(-count);
}

/** The engine writes RFC 3339 with as many decimals as there are; all nine make times compare as texts do. */
function splitTime(text: string): { at: string; line: string } {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z ?(.*)$/s.exec(text);
  if (match === null) return { at: "", line: text };
  return { at: `${match[1]}.${(match[2] ?? "").padEnd(9, "0")}Z`, line: match[3] ?? "" };
}

/** Where to go on: at the stream that is further behind. What the other gives again is known by its time. */
function sinceOf({ last }: Followed): number | undefined {
  const [earliest] = Object.values(last).filter(Boolean).sort();
  return earliest === undefined ? undefined : secondsOf(earliest);
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
