import { join } from "node:path";
import { app, type BrowserWindow } from "electron";
import { FileService } from "../hosts/files/file-service.ts";
import type { EngineService } from "../lab/service/engine-service.ts";
import { PROJECT_FOLDER } from "../lab/version.ts";

/** State shared by the parts of the shell. */
export interface Shell {
  readonly environment: NodeJS.ProcessEnv;
  readonly pageFolder: string;
  readonly preloadFile: string;
  readonly iconFolder: string;
  readonly files: FileService;
  /** The engine, once it has restored what a crashed lab left. */
  readonly service: Promise<EngineService>;
  readonly giveService: (service: EngineService) => void;
  /** The engine if it has started. */
  readonly serviceNow: () => EngineService | undefined;
  /** Quitting has been confirmed. */
  isQuitting: boolean;
  window: BrowserWindow | undefined;
  /** Shows the window, created again if it was closed, and navigates to a route of the page. */
  show: (route?: string) => void;
}

export function makeShell(environment: NodeJS.ProcessEnv): Shell {
  const engine = Promise.withResolvers<EngineService>();
  let now: EngineService | undefined;
  const folder = app.isPackaged ? app.getAppPath() : PROJECT_FOLDER;
  // Only for tests of the shell: a packaged app shows only its own page.
  const otherPage = app.isPackaged ? undefined : environment.RESILIENCE_LAB_PAGE;
  return {
    // Services and the watchdog are run by this executable, which acts as Node only with this variable.
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
