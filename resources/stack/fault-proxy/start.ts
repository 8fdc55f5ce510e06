import { type RunningService, StartError, serve } from "../http/serve.ts";
import { reportWork } from "../http/work.ts";
import { answer } from "./api/routes.ts";
import { ListenError } from "./links/listen-address.ts";
import { Registry } from "./registry.ts";
import type { Settings } from "./settings.ts";

export const serviceName = "fault-proxy";

/** Opens the links, then the API: once the API is ready, the links are too. */
export async function startFaultProxy(settings: Settings): Promise<RunningService> {
  const registry = new Registry(settings.seed, settings.listenBeyondLoopback);
  const stopReporting = reportWork({
    get idleSockets() {
      return registry.links().reduce((sum, { idleSockets }) => sum + idleSockets, 0);
    },
  });
  try {
    await registry.populate(settings.links, (link) => {
      console.log(`${serviceName} link ${link.name} listens on ${link.listen} for ${link.upstream}`);
    });
    const service = await serve({
      name: serviceName,
      host: settings.host,
      port: settings.port,
      socket: settings.socket,
      allowedHosts: settings.allowedHosts,
      handle: (request, response) => answer(registry, settings.controlToken, request, response),
      onStop: () => {
        stopReporting();
        return registry.close();
      },
      graceMs: 500,
    });
    if (settings.controlToken === undefined) {
      console.log(`${serviceName} CONTROL_TOKEN is not set: any program on this machine may change links`);
    }
    console.log(`${serviceName} seed ${settings.seed}`);
    return service;
  } catch (error) {
    stopReporting();
    await registry.close();
    if (error instanceof ListenError)
      throw new StartError(`a link cannot be opened: ${error.message}. The links are named in LINKS.`);
    throw error;
  }
}
