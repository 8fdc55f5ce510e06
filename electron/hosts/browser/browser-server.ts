import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { RPCHandler } from "@orpc/server/ws";
import { WebSocketServer } from "ws";
import { WINDOW_CLOSE, WINDOW_KEY_HEADER, WINDOW_LIMIT } from "../../contract/window.ts";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import type { LabRouter, RouterContext } from "../../lab/service/procedures/router.ts";
import type { FileService } from "../files/file-service.ts";
import type { PageFiles } from "../page/page-files.ts";
import { securityHeaders } from "../page/page-policy.ts";
import { admitWindow } from "./admit-window.ts";
import { answerDownload, answerUpload, DOWNLOADS_PATH, UPLOADS_PATH } from "./browser-files.ts";
import { Entrance } from "./entrance.ts";
import { isForeignEmbedding, isFromHere } from "./guard.ts";
import { type Notice, noticePage, noticePolicy } from "./notice-page.ts";
import { requestTarget } from "./request-target.ts";
import { TICK_MS, type WindowKeys } from "./window-keys.ts";
import { serveWindow } from "./window-socket.ts";

/** The largest thing a page sends is a scenario's text. */
const MESSAGE_LIMIT_BYTES = 1024 * 1024;
/** Sockets of windows that are there, that were superseded, and that have not shown their key yet. */
const SOCKETS_LIMIT = 4 * WINDOW_LIMIT;
/** Of a whole upload; headers have a limit of their own. */
const REQUEST_LIMIT_MS = 10 * 60_000;
const HEADERS_LIMIT_MS = 5_000;
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
  files: FileService;
  windows: WindowKeys;
  /** 0 for any that is free. */
  port: number;
  /** Told the address of the next person to come in, now and whenever one has been used. */
  onAddress?: (address: string) => void;
}

/**
 * The lab's page and its WebSocket on 127.0.0.1, for whoever holds the address that the lab printed. The cookie that is
 * had for it loads the page; whatever acts or tells needs a window's key besides. A download has neither header nor key:
 * its address works once, cannot be guessed and is told to a window that has a key, and the cookie is asked for as well.
 */
export class BrowserServer {
  readonly #parts: BrowserServerParts;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #handler: RPCHandler<RouterContext>;
  #entrance: Entrance;
  readonly #ticking: NodeJS.Timeout;
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
    this.#ticking = setInterval(() => parts.windows.tick(), TICK_MS).unref();
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
    clearInterval(this.#ticking);
    for (const socket of this.#sockets.clients) socket.close(WINDOW_CLOSE.goingAway, "the lab is ending");
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
    const target = requestTarget(request.url);
    if (target === undefined) return reply(404, "There is no such file.\n");
    const { pathname, searchParams } = target;
    const isUpload = request.method === "POST" && pathname === UPLOADS_PATH;
    if (isUpload && !isFromHere(request, this.#port, { needsOrigin: true }))
      return reply(403, "Say where you are from.\n");
    if (request.method !== "GET" && request.method !== "HEAD" && !isUpload) return reply(405, "Only GET and HEAD.\n");
    const notify = (status: number, notice: Notice, more = {}) => {
      reply(status, noticePage(notice, nonce), HTML, { "content-security-policy": noticePolicy(nonce), ...more });
    };
    const token = searchParams.get("token");
    // A look at the headers alone, as programs that show links take it, does not use an address up.
    if (token !== null && request.method !== "HEAD") return this.#letIn(token, notify);
    if (!this.#entrance.isKnown(request.headers.cookie)) return notify(401, NOT_KNOWN);
    const { files, page, windows } = this.#parts;
    const key = request.headers[WINDOW_KEY_HEADER];
    const hasKey = typeof key === "string" && windows.isKnown(key);
    if ((isUpload || pathname === "/session") && !hasKey) return reply(401, NO_KEY);
    if (pathname === "/session") return reply(200, "known\n");
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
  #letIn(token: string, notify: (status: number, notice: Notice, more?: object) => void): void {
    const session = this.#entrance.exchange(token);
    if (session === undefined) {
      notify(401, SPENT);
      return;
    }
    const welcome = { title: "Resilience Lab", text: "One moment.", windowKey: this.#parts.windows.issue() };
    notify(200, welcome, { "set-cookie": this.#entrance.setCookie(session) });
    this.#parts.onAddress?.(this.address);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request);
    if (refusal === undefined) {
      this.#sockets.handleUpgrade(request, socket, head, (socket) =>
        admitWindow(socket, this.#parts.windows, (window) => serveWindow(window, this.#handler, request.socket)),
      );
    } else {
      socket.on("error", () => {});
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
  }

  /** Why a WebSocket is not opened; undefined when it is. A page always says where it is from; its key comes after. */
  #refusal(request: IncomingMessage): string | undefined {
    if (!isFromHere(request, this.#port, { needsOrigin: true })) return "403 Forbidden";
    if (!this.#entrance.isKnown(request.headers.cookie)) return "401 Unauthorized";
    if (request.url !== "/lab") return "404 Not Found";
    return this.#sockets.clients.size >= SOCKETS_LIMIT ? "503 Service Unavailable" : undefined;
  }
}

const HTML = "text/html; charset=utf-8";
const NO_KEY = "This window has no key of the lab's. Open the address that the lab printed in its terminal.\n";
const SPENT = {
  title: "This address has been used",
  text: "Each address of the lab opens it once. The next one is in the terminal that the lab runs in.",
};
const NOT_KNOWN = {
  title: "Resilience Lab",
  text: "Open the address that the lab printed in its terminal; it lets this browser in.",
};
