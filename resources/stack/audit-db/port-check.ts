/** Asks for the port before PostgreSQL does, to name the variable and the cure. */
import { createServer } from "node:net";
import { listenError } from "../http/serve.ts";

export function ensurePortIsFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => reject(listenError(host, port, error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}
