import { join } from "node:path";
import { app, type BrowserWindow } from "electron";
import { FileService } from "../hosts/files/file-service.ts";
import type { EngineService } from "../lab/service/engine-service.ts";
import { PROJECT_FOLDER } from "../lab/version.ts";

/** What the shell's parts share. */
export interface Shell {
  readonly environment: NodeJS.ProcessEnv;
  readonly pageFolder: string;
  readonly preloadFile: string;
  readonly iconFolder: string;
  readonly files: FileService;
  /** The engine, once it has put back what a dead lab left. */
  readonly service: Promise<EngineService>;
  readonly giveService: (service: EngineService) => void;
  /** The engine if it is there already. */
  readonly serviceNow: () => EngineService | undefined;
  /** Closed for good: quitting has been agreed to. */
  isQuitting: boolean;
  window: BrowserWindow | undefined;
  /** Shows the window, made anew if it is gone, and leads it to a place of the page. */
  show: (route?: string) => void;
}

export function makeShell(environment: NodeJS.ProcessEnv): Shell {
  const engine = Promise.withResolvers<EngineService>();
  let now: EngineService | undefined;
  const folder = app.isPackaged ? app.getAppPath() : PROJECT_FOLDER;
  // Only for tests of the shell: a packaged one shows no page but its own.
  const otherPage = app.isPackaged ? undefined : environment.RESILIENCE_LAB_PAGE;
  return {
    // Services and the watchdog are run by this very program, which is Node only when told so.
    environment: { ...environment, ELECTRON_RUN_AS_NODE: "1" },
    pageFolder: otherPage ?? join(folder, "dist", "renderer"),
    preloadFile: join(folder, "dist", "electron", "preload.cjs"),
    iconFolder: join(folder, "resources", "icons"),
    files: new FileService(),
    service: engine.promise,
    giveService: (service) => {
      now = service;
      engine.resolve(service);
    },
    serviceNow: () => now,
    isQuitting: false,
    window: undefined,
    show: () => {},
  };
}
