import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LabError } from "../../lab/lab-error.ts";
import { requestTarget } from "../browser/request-target.ts";
import { isSame } from "../browser/secret.ts";
import { ApiError, asApiError } from "./api-error.ts";
import type { ApiRoute, ApiStorage } from "./api-route.ts";
import { openApiDocument } from "./open-api.ts";

const HEADERS_LIMIT_MS = 5_000;
const REQUEST_LIMIT_MS = 5 * 60_000;
/** Longer than clients keep an idle connection: one that is closed while a request is on its way is reset. */
const IDLE_LIMIT_MS = 65_000;
const LOOPBACK = ["127.0.0.1", "localhost"];
const NO_STORAGE = "run service is not configured: start `resilience-lab serve` without --storage none";

export interface ApiServerParts {
  routes: readonly ApiRoute[];
  storage: ApiStorage | undefined;
  token: string;
  host: string;
  /** 0 for any that is free. */
  port: number;
  wake: () => void;
}

/** The HTTP API: for whoever has the token, and no page of another origin. */
export class ApiServer {
  readonly #parts: ApiServerParts;
  readonly #routes: readonly ApiRoute[];
  readonly #server: Server;

  /** @throws LabError `port-taken` */
  static async listen(parts: ApiServerParts): Promise<ApiServer> {
    const api = new ApiServer(parts);
    await new Promise<void>((resolve, reject) => {
      api.#server.once("error", (error) => reject(new LabError("port-taken", `port ${parts.port}: ${error.message}`)));
      api.#server.listen(parts.port, parts.host, resolve);
    });
    return api;
  }

  private constructor(parts: ApiServerParts) {
    this.#parts = parts;
    const document: ApiRoute = {
      method: "GET",
      path: "/api/openapi.json",
      summary: "This document.",
      statuses: { 200: "the document" },
      handle: async ({ response }) => {
        sendJson(response, 200, openApiDocument(this.#routes));
        return undefined;
      },
    };
    this.#routes = [...parts.routes, document];
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.headersTimeout = HEADERS_LIMIT_MS;
    this.#server.requestTimeout = REQUEST_LIMIT_MS;
    this.#server.keepAliveTimeout = IDLE_LIMIT_MS;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Streams are cut: their listeners resume. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("x-content-type-options", "nosniff");
    try {
      this.#admit(request);
      const { route, id, query } = this.#routeOf(request);
      const answer = await route.handle({
        request,
        response,
        id,
        query,
        storage: () => {
          if (this.#parts.storage === undefined) throw new ApiError(503, NO_STORAGE);
          return this.#parts.storage;
        },
        optionalStorage: this.#parts.storage,
        wake: this.#parts.wake,
      });
      if (answer !== undefined) sendJson(response, answer.status ?? 200, { data: answer.data, error: null });
    } catch (error) {
      const { status, message, detail } = asApiError(error);
      if (response.headersSent) response.destroy();
      else sendJson(response, status, { data: null, error: message, detail });
    }
  }

  /** The Host must be this listener's, so that DNS rebinding is refused; an Origin is a page's, which has no token. */
  #admit({ headers }: IncomingMessage): void {
    const hosts = [...new Set([...LOOPBACK, this.#parts.host])].map((host) => `${host}:${this.port}`);
    const isAnyHost = this.#parts.host === "0.0.0.0" || this.#parts.host === "::";
    if (headers.host === undefined || (!isAnyHost && !hosts.includes(headers.host))) {
      throw new ApiError(403, "the Host header is not this server's");
    }
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) {
      throw new ApiError(403, "requests of other origins are refused");
    }
    const [, token = ""] = /^Bearer (\S+)$/i.exec(headers.authorization ?? "") ?? [];
    if (!isSame(token, this.#parts.token)) {
      throw new ApiError(401, "send the token that the server was started with: Authorization: Bearer TOKEN");
    }
  }

  #routeOf({ method, url }: IncomingMessage): { route: ApiRoute; id: string; query: URLSearchParams } {
    const target = requestTarget(url);
    const path = target?.pathname ?? "";
    const named = this.#routes.flatMap((route) => {
      const pattern = new RegExp(`^${route.path.replaceAll(".", "\\.").replace("{id}", "([^/]+)")}$`);
      const found = pattern.exec(path);
      return found === null ? [] : [{ route, id: (found[1] ?? "").toLowerCase() }];
    });
    const matched = named.find(({ route }) => route.method === method);
    if (matched !== undefined) return { ...matched, query: target?.searchParams ?? new URLSearchParams() };
    throw named.length > 0
      ? new ApiError(405, `${path} takes no ${method}`)
      : new ApiError(404, `there is no ${path || url}; /api/openapi.json lists what there is`);
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" }).end(text);
}
