import { join } from "node:path";
import { app, type BrowserWindow } from "electron";
import type { EngineService } from "../lab/service/engine-service.ts";
import { PROJECT_FOLDER } from "../lab/version.ts";

/** What the shell's parts share. */
export interface Shell {
  readonly environment: NodeJS.ProcessEnv;
  readonly pageFolder: string;
  readonly preloadFile: string;
  readonly iconFolder: string;
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
  // Only for tests of the shell: a packaged one shows no page but its own.
  const otherPage = app.isPackaged ? undefined : environment.RESILIENCE_LAB_PAGE;
  return {
    environment,
    pageFolder: otherPage ?? join(PROJECT_FOLDER, "dist", "renderer"),
    preloadFile: join(PROJECT_FOLDER, "dist", "electron", "preload.cjs"),
    iconFolder: join(PROJECT_FOLDER, "resources", "icons"),
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
