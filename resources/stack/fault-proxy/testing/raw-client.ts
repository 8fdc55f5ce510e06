/** A socket with awaitable events. */
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export class RawClient {
  readonly socket: Socket;
  readonly chunks: { bytes: Buffer; atMs: number }[] = [];
  /** Set once the peer has ended its side. */
  hasEnded = false;
  error: NodeJS.ErrnoException | undefined;
  readonly #changed = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => this.#note(() => this.chunks.push({ bytes, atMs: performance.now() })));
    socket.on("end", () => this.#note(() => (this.hasEnded = true)));
    socket.on("error", (error) => this.#note(() => (this.error = error)));
    socket.on("close", () => this.#note(() => {}));
    onTestFinished(() => void socket.destroy());
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks.map(({ bytes }) => bytes));
  }

  get text(): string {
    return this.received.toString("utf8");
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Resolves once the condition is true; bounded by the test's timeout. */
  async until(condition: (client: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        const changed = (): void => {
          this.#changed.delete(changed);
          resolve();
        };
        this.#changed.add(changed);
      });
    }
  }

  receives(text: string): Promise<void> {
    return this.until(() => this.text.includes(text));
  }

  receivesBytes(count: number): Promise<void> {
    return this.until(() => this.received.length >= count);
  }

  ended(): Promise<void> {
    return this.until(() => this.hasEnded || this.error !== undefined);
  }

  closed(): Promise<void> {
    return this.until(() => this.socket.closed);
  }

  #note(change: () => void): void {
    change();
    for (const changed of [...this.#changed]) changed();
  }
}
