import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";

/** Whether an engine of a test's own can be started: it takes root and the engine's program. */
export const CAN_START_ENGINE =
  process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/sbin/dockerd");

/** An engine that belongs to one test, to be restarted and killed without harm to what else runs on the machine. */
export class PrivateEngine {
  readonly folder = mkdtempSync(join(tmpdir(), "labtest-engine-"));
  readonly host = `unix://${join(this.folder, "docker.sock")}`;
  #daemon: ChildProcess | undefined;

  static async start(): Promise<PrivateEngine> {
    const engine = new PrivateEngine();
    onTestFinished(() => engine.#clear());
    await engine.start();
    const image = execFileSync("docker", ["save", "node:24-slim"], { maxBuffer: 1024 ** 3 });
    execFileSync("docker", ["--host", engine.host, "load"], { input: image, stdio: ["pipe", "ignore", "ignore"] });
    return engine;
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
    // It leaves the machine's firewall, bridge and address ranges to the engine that owns them.
    const apart = ["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"];
    const pool = ["--default-address-pool", "base=10.213.0.0/16,size=24"];
    this.#daemon = spawn("dockerd", ["--host", this.host, ...places, ...apart, ...pool], {
      stdio: ["ignore", log, log],
    });
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
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await ended;
  }

  async #clear(): Promise<void> {
    const isUp = this.#daemon?.exitCode === null;
    if (!isUp) await this.start();
    const all = this.docker("ps", "-aq").split("\n").filter(Boolean);
    if (all.length > 0) this.docker("rm", "-fv", ...all);
    this.docker("network", "prune", "-f");
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
