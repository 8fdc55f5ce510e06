import { onStoreChange } from "../../lab/history/on-store-change.ts";
import { openQueueStore } from "../../lab/history/open-queue-store.ts";
import { openRunStore } from "../../lab/history/open-run-store.ts";
import { storeLocation } from "../../lab/history/store-location.ts";
import { dataFolder, openHome } from "../../lab/home.ts";
import { Lab } from "../../lab/lab.ts";
import { type RunWorkerOptions, runWorker } from "../../lab/queue/run-worker.ts";
import type { ApiStorage } from "./api-route.ts";
import { ApiServer } from "./api-server.ts";
import { evaluateRoutes } from "./evaluate-routes.ts";
import { healthRoutes } from "./health-routes.ts";
import { RUN_ROUTES } from "./run-routes.ts";
import { SUITE_ROUTE } from "./suite-route.ts";

export interface ServeOptions {
  environment: NodeJS.ProcessEnv;
  host: string;
  port: number;
  token: string;
  /** Submitted runs are kept; without them evaluations are answered alone. */
  keepsRuns: boolean;
  /** Carries out runs in this process; without it other workers do. */
  worker: Omit<RunWorkerOptions, "environment" | "onReady"> | undefined;
  onListening: (address: string) => void;
}

/** Serves the HTTP API until the signal aborts. */
export async function serve(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { environment, host, port, token, keepsRuns, worker } = options;
  const home = openHome(dataFolder(environment));
  const location = storeLocation(environment, home.historyFile);
  const storage = keepsRuns ? await openStorage() : undefined;
  let opened: Promise<Lab> | undefined;
  const openLab = () => {
    opened ??= Lab.open(environment, worker?.strays, { kind: "sqlite", file: home.historyFile });
    return opened;
  };
  let wake = () => {};
  const setWake = (ready: () => void) => {
    wake = ready;
  };
  let api: ApiServer | undefined;
  try {
    const routes = [...RUN_ROUTES, SUITE_ROUTE, ...evaluateRoutes(), ...healthRoutes(openLab)];
    api = await ApiServer.listen({ routes, storage, token, host, port, wake: () => wake() });
    options.onListening(`http://${host}:${api.port}`);
    if (worker === undefined || !keepsRuns) await aborted(signal);
    else await runWorker({ ...worker, environment, onReady: setWake }, signal);
  } finally {
    await api?.close();
    await (await opened)?.close();
    await storage?.queue.close();
    await storage?.history.close();
  }

  async function openStorage(): Promise<ApiStorage> {
    const onChange = (listener: () => void) => onStoreChange(location, listener);
    return { queue: await openQueueStore(location), history: await openRunStore(location), onChange };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
