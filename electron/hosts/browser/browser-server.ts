import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { RPCHandler } from "@orpc/server/ws";
import { WebSocketServer } from "ws";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import type { LabRouter, RouterContext } from "../../lab/service/router.ts";
import type { FileDesk } from "../files/file-desk.ts";
import type { PageFiles } from "../page/page-files.ts";
import { securityHeaders } from "../page/page-policy.ts";
import { answerDownload, answerUpload, DOWNLOADS_PATH, UPLOADS_PATH } from "./browser-files.ts";
import { Entrance } from "./entrance.ts";
import { isForeignEmbedding, isFromHere } from "./guard.ts";
import { noticePage } from "./notice-page.ts";
import { serveWindow } from "./window-socket.ts";

/** The largest thing a page sends is a scenario's text. */
const MESSAGE_LIMIT_BYTES = 1024 * 1024;
const WINDOWS_LIMIT = 16;
/** Of a whole upload; headers have a limit of their own. */
const REQUEST_LIMIT_MS = 10 * 60_000;
const HEADERS_LIMIT_MS = 5_000;
const CLOSE_GOING_AWAY = 1001;
const SOCKETS = {
  noServer: true,
  maxPayload: MESSAGE_LIMIT_BYTES,
  perMessageDeflate: false,
  /** Milliseconds. A window that is alive answers a good-bye at once; one that is frozen never does. */
  closeTimeout: 1_000,
} as const;

export interface BrowserServerParts {
  router: LabRouter;
  page: PageFiles;
  files: FileDesk;
  /** 0 for any that is free. */
  port: number;
  /** Told the address of the next person to come in, now and whenever one has been used. */
  onAddress?: (address: string) => void;
}

/** The lab's page and its WebSocket on 127.0.0.1, for whoever holds the address that the lab printed. */
export class BrowserServer {
  readonly #parts: BrowserServerParts;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #handler: RPCHandler<RouterContext>;
  #entrance: Entrance;
  #port = 0;

  private constructor(parts: BrowserServerParts) {
    this.#parts = parts;
    this.#handler = new RPCHandler(parts.router);
    this.#entrance = new Entrance(0);
    this.#sockets = new WebSocketServer(SOCKETS);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end(messageOf(error));
      });
    });
    this.#server.requestTimeout = REQUEST_LIMIT_MS;
    this.#server.headersTimeout = HEADERS_LIMIT_MS;
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** @throws LabError `port-taken` */
  static async listen(parts: BrowserServerParts): Promise<BrowserServer> {
    const host = new BrowserServer(parts);
    await host.#listen();
    parts.onAddress?.(host.address);
    return host;
  }

  get port(): number {
    return this.#port;
  }

  /** Lets one person in, once. */
  get address(): string {
    return `http://127.0.0.1:${this.#port}/?token=${this.#entrance.token}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.close(CLOSE_GOING_AWAY, "the lab is ending");
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { port } = this.#parts;
    this.#server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      const cure = "choose another with --port, or leave --port out for any that is free";
      reject(new LabError("port-taken", `port ${port} is already in use on 127.0.0.1`, { cure }));
    });
    this.#server.listen({ host: "127.0.0.1", port }, () => {
      const address = this.#server.address();
      this.#port = typeof address === "object" && address !== null ? address.port : port;
      this.#entrance = new Entrance(this.#port);
      resolve();
    });
    return promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const nonce = randomBytes(16).toString("base64");
    const headers = securityHeaders(nonce, `ws://${request.headers.host ?? ""}`);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader("cache-control", "no-store");
    const reply = (status: number, body: string | Uint8Array, type = "text/plain; charset=utf-8", more = {}) => {
      response.writeHead(status, { "content-type": type, ...more });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    if (!isFromHere(request, this.#port, { needsOrigin: false }) || isForeignEmbedding(request)) {
      return reply(403, "This is not the lab's own page.\n");
    }
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const isUpload = request.method === "POST" && pathname === UPLOADS_PATH;
    if (isUpload && !isFromHere(request, this.#port, { needsOrigin: true }))
      return reply(403, "Say where you are from.\n");
    if (request.method !== "GET" && request.method !== "HEAD" && !isUpload) return reply(405, "Only GET and HEAD.\n");
    const token = searchParams.get("token");
    if (token !== null) return this.#letIn(token, reply);
    if (!this.#entrance.isKnown(request.headers.cookie)) return reply(401, NOT_KNOWN, HTML);
    if (pathname === "/session") return reply(200, "known\n");
    const { files, page } = this.#parts;
    if (isUpload) return answerUpload(request, response, files);
    if (pathname.startsWith(DOWNLOADS_PATH) && request.method === "GET") {
      return answerDownload(pathname.slice(DOWNLOADS_PATH.length), response, files);
    }
    const file = await page.read(pathname, nonce);
    if (file === undefined) return reply(404, "There is no such file.\n");
    reply(
      200,
      file.body,
      file.type,
      file.isImmutable ? { "cache-control": "private, max-age=31536000, immutable" } : {},
    );
  }

  /** Goes on by a page of its own: a redirect would come from where the address was clicked, without the cookie. */
  #letIn(token: string, reply: (status: number, body: string, type: string, more?: object) => void): void {
    const session = this.#entrance.exchange(token);
    if (session === undefined) {
      reply(401, SPENT, HTML);
    } else {
      reply(200, WELCOME, HTML, { "set-cookie": this.#entrance.setCookie(session) });
      this.#parts.onAddress?.(this.address);
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal === undefined) {
      this.#sockets.handleUpgrade(request, socket, head, (window) => serveWindow(window, this.#handler));
    } else {
      socket.on("error", () => {});
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
  }

  /** Why a WebSocket is not let in; undefined when it is. A page always says where it is from. */
  #refusal(request: IncomingMessage): string | undefined {
    if (!isFromHere(request, this.#port, { needsOrigin: true })) return "403 Forbidden";
    if (!this.#entrance.isKnown(request.headers.cookie)) return "401 Unauthorized";
    if (request.url !== "/lab") return "404 Not Found";
    return this.#sockets.clients.size >= WINDOWS_LIMIT ? "503 Service Unavailable" : undefined;
  }
}

const HTML = "text/html; charset=utf-8";
const WELCOME = noticePage("Resilience Lab", "One moment.", { goOn: true });
const SPENT = noticePage(
  "This address has been used",
  "Each address of the lab opens it once. The next one is in the terminal that the lab runs in.",
  { goOn: false },
);
const NOT_KNOWN = noticePage(
  "Resilience Lab",
  "Open the address that the lab printed in its terminal; it lets this browser in.",
  { goOn: false },
);
