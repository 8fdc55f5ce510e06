/** Checks the port before PostgreSQL binds it, so that the error names the variable and the next step. */
import { createServer } from "node:net";
import { listenError } from "../http/serve.ts";

export function ensurePortIsFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => reject(listenError(host, port, error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
