import type { Server } from "node:net";
import { LabError, messageOf } from "../lab-error.ts";

/** @throws LabError `port-taken` */
export function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const code = error.code === "EADDRINUSE" ? "port-taken" : "unreachable";
      reject(
        new LabError(code, `telemetry cannot be received at ${host}:${port}: ${messageOf(error)}`, { cause: error }),
      );
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners("error");
      server.on("error", () => {});
      // It alone keeps no process running.
      server.unref();
      resolve();
    });
  });
}

/** Whether this machine has no such address, or is not allowed to listen there. */
export function isRefusedAddress(error: unknown): boolean {
  const cause = error instanceof LabError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return ["EADDRNOTAVAIL", "EACCES", "EAFNOSUPPORT", "EADDRINUSE"].includes(cause?.code ?? "");
}
