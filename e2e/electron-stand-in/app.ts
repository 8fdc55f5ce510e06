import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, readFileSync, unlinkSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An event whose default a listener may prevent, as Electron's are. */
export function preventable<Fields extends object>(fields: Fields) {
  const event = {
    ...fields,
    defaultPrevented: false,
    preventDefault() {
      event.defaultPrevented = true;
    },
  };
  return event;
}

class App extends EventEmitter {
  /** A spec may have it packaged, up to where something of the archive would be loaded: Node does not read archives. */
  readonly #archive = process.env.ELECTRON_STAND_IN_ARCHIVE;
  readonly isPackaged = this.#archive !== undefined;
  readonly protocolClients: string[] = [];
  /** Set by the windows: asked before the app ends, and told when it does. */
  closeWindows: () => boolean = () => true;
  leave: () => Promise<void> = async () => {};
  readonly #userData = process.env.ELECTRON_STAND_IN_DATA ?? "";
  #isEnding = false;

  getAppPath(): string {
    return this.#archive ?? process.cwd();
  }

  getPath(name: string): string {
    if (name !== "userData") throw new Error(`the stand-in knows no path called ${name}`);
    mkdirSync(this.#userData, { recursive: true });
    return this.#userData;
  }

  setAsDefaultProtocolClient(scheme: string): boolean {
    this.protocolClients.push(scheme);
    return true;
  }

  whenReady(): Promise<void> {
    return Promise.resolve();
  }

  /** By a file with the process id of the first instance; the second leaves its words beside it. */
  requestSingleInstanceLock(): boolean {
    const folder = this.getPath("userData");
    const lock = join(folder, "instance.pid");
    const words = join(folder, "second-instance.json");
    if (existsSync(lock) && isAlive(Number(readFileSync(lock, "utf8")))) {
      writeFileSync(words, JSON.stringify(process.argv));
      return false;
    }
    writeFileSync(lock, String(process.pid));
    const watcher = watch(folder, () => {
      if (!existsSync(words)) return;
      const said = readFileSync(words, "utf8");
      if (said === "") return;
      unlinkSync(words);
      this.emit("second-instance", {}, JSON.parse(said));
    });
    watcher.unref();
    return true;
  }

  quit(): void {
    const event = preventable({});
    this.emit("before-quit", event);
    if (!event.defaultPrevented && this.closeWindows()) this.exit(0);
  }

  exit(code: number): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.emit("quit", {}, code);
    void this.leave().finally(() => process.exit(code));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const app = new App();
