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
  /** A spec may set it to packaged, as long as nothing is loaded from the archive: Node does not read archives. */
  readonly #archive = process.env.ELECTRON_STAND_IN_ARCHIVE;
  readonly isPackaged = this.#archive !== undefined;
  readonly protocolClients: string[] = [];
  /** Set by the windows: called before the app ends, and when it does. */
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

  /** By a file with the process id of the first instance; the second writes its arguments beside it. */
  requestSingleInstanceLock(): boolean {
    const folder = this.getPath("userData");
    const lock = join(folder, "instance.pid");
    const argumentsFile = join(folder, "second-instance.json");
    if (existsSync(lock) && isAlive(Number(readFileSync(lock, "utf8")))) {
      writeFileSync(argumentsFile, JSON.stringify(process.argv));
      return false;
    }
    writeFileSync(lock, String(process.pid));
    const watcher = watch(folder, () => {
      if (!existsSync(argumentsFile)) return;
      const text = readFileSync(argumentsFile, "utf8");
      if (text === "") return;
      unlinkSync(argumentsFile);
      this.emit("second-instance", {}, JSON.parse(text));
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
