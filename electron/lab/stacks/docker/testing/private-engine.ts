import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";

/** Whether an engine of a test's own can be started: it takes root, the engine's program and ip (iproute2). */
export const CAN_START_ENGINE =
  process.platform === "linux" && process.getuid?.() === 0 && ["/usr/sbin/dockerd", "/usr/sbin/ip"].every(existsSync);

/** An engine that belongs to the tests of a group, to be restarted without harm to what else runs on the machine. */
export class PrivateEngine {
  readonly folder = mkdtempSync(join(tmpdir(), "labtest-engine-"));
  readonly host = `unix://${join(this.folder, "docker.sock")}`;
  readonly #network = `labtest${randomBytes(3).toString("hex")}`;
  /**
   * What goes before a command, for `nsenter`, so that it shares the engine's network and reaches the ports of its
   * containers. A network of its own, with its own firewall and loopback: an engine that starts takes docker0 and the
   * firewall's chains for its own, and would take them from the machine's engine.
   */
  readonly inside: readonly string[] = [`--net=/run/netns/${this.#network}`];
  #daemon: ChildProcess | undefined;

  /** Up, with an image, before the tests of a group, each of which leaves it so; removed after them. */
  static forGroup(): () => PrivateEngine {
    let engine: PrivateEngine | undefined;
    beforeAll(async () => {
      engine = new PrivateEngine();
      ip("netns", "add", engine.#network);
      ip("-n", engine.#network, "link", "set", "lo", "up");
      await engine.start();
      const image = execFileSync("docker", ["save", "node:24-slim"], { maxBuffer: 1024 ** 3 });
      execFileSync("docker", ["--host", engine.host, "load"], { input: image, stdio: ["pipe", "ignore", "ignore"] });
    });
    afterAll(async () => {
      if (engine !== undefined) await engine.#clear();
    });
    return () => {
      if (engine === undefined) throw new Error("it is started before the tests");
      return engine;
    };
  }

  docker(...words: string[]): string {
    return execFileSync("docker", ["--host", this.host, ...words], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  }

  async start(): Promise<void> {
    const log = openSync(join(this.folder, "log"), "a");
    const at = (name: string) => join(this.folder, name);
    const places = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")];
    const pool = ["--default-address-pool", "base=10.213.0.0/16,size=24"];
    const command = ["dockerd", "--host", this.host, ...places, ...pool];
    this.#daemon = spawn("nsenter", [...this.inside, ...command], { stdio: ["ignore", log, log] });
    closeSync(log);
    for (let tries = 0; tries < 600; tries++) {
      try {
        this.docker("version", "--format", "{{.Server.Version}}");
        return;
      } catch {
        await delay(50);
      }
    }
    throw new Error(`the test's own engine does not answer; its log is ${at("log")}`);
  }

  /** As `systemctl stop docker`: containers are stopped, and the socket is gone. */
  async stop(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || !this.#isUp()) return;
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await ended;
  }

  #isUp(): boolean {
    return this.#daemon?.exitCode === null && this.#daemon.signalCode === null;
  }

  async #clear(): Promise<void> {
    try {
      if (!this.#isUp()) await this.start();
      const all = this.docker("ps", "-aq").split("\n").filter(Boolean);
      if (all.length > 0) this.docker("rm", "-fv", ...all);
    } finally {
      await this.stop();
      ip("netns", "delete", this.#network);
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}
