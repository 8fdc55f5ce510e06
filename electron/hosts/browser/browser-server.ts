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

/** The largest message of a page is a scenario's text. */
const MESSAGE_LIMIT_BYTES = 1024 * 1024;
/** Sockets of connected windows, of superseded ones, and of those that have not sent their key yet. */
const SOCKETS_LIMIT = 4 * WINDOW_LIMIT;
/** Limit of a whole upload; headers have their own. */
const REQUEST_LIMIT_MS = 10 * 60_000;
const HEADERS_LIMIT_MS = 5_000;
const SOCKETS = {
  noServer: true,
  maxPayload: MESSAGE_LIMIT_BYTES,
  perMessageDeflate: false,
  /** Milliseconds. A window that responds answers the close at once; a frozen one never does. */
  closeTimeout: 1_000,
} as const;

export interface BrowserServerParts {
  router: LabRouter;
  page: PageFiles;
  files: FileService;
  windows: WindowKeys;
  /** 0 for any that is free. */
  port: number;
  /** Called with the address for the next browser, at once and whenever one has been used. */
  onAddress?: (address: string) => void;
}

/**
 * The lab's page and its WebSocket on 127.0.0.1, for anyone with the address that the lab printed. The address is
 * exchanged for a cookie that loads the page; every action and every read also needs a window's key. A download has
 * neither header nor key: its address works once, is random, is sent only to a window with a key, and needs the cookie.
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

  /** Admits one browser, once. */
  get address(): string {
    return `http://127.0.0.1:${this.#port}/?token=${this.#entrance.token}`;
  }

  async close(): Promise<void> {
    clearInterval(this.#ticking);
    for (const socket of this.#sockets.clients) socket.close(WINDOW_CLOSE.goingAway, "the lab is shutting down");
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
      const hint = "choose another with --port, or leave --port out for any that is free";
      reject(new LabError("port-taken", `port ${port} is already in use on 127.0.0.1`, { hint }));
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
    const notify = (status: number, notice: Notice, more = {}) => {
      reply(status, noticePage(notice, nonce), HTML, { "content-security-policy": noticePolicy(nonce), ...more });
    };
    /** A page for a person who has opened an address, else text. */
    const refuse = (status: number, notice: Notice) =>
      request.headers.accept?.includes("text/html")
        ? notify(status, notice)
        : reply(status, `${notice.title}. ${notice.text}\n`);
    if (!isFromHere(request, this.#port, { needsOrigin: false }) || isForeignEmbedding(request)) {
      return refuse(403, FOREIGN);
    }
    const target = requestTarget(request.url);
    if (target === undefined) return refuse(404, NO_FILE);
    const { pathname, searchParams } = target;
    const isUpload = request.method === "POST" && pathname === UPLOADS_PATH;
    if (isUpload && !isFromHere(request, this.#port, { needsOrigin: true }))
      return reply(403, "The Origin header is missing.\n");
    if (request.method !== "GET" && request.method !== "HEAD" && !isUpload) return reply(405, "Only GET and HEAD.\n");
    const token = searchParams.get("token");
    // A HEAD request, such as a link preview makes, does not use the address up.
    if (token !== null && request.method !== "HEAD")
      return this.#letIn(token, this.#entrance.isKnown(request.headers.cookie), notify);
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
    if (file === undefined) return refuse(404, { ...NO_FILE, opensLab: true });
    reply(
      200,
      file.body,
      file.type,
      file.isImmutable ? { "cache-control": "private, max-age=31536000, immutable" } : {},
    );
  }

  /** A page rather than a redirect: a redirect would come from the site of the clicked link, without the cookie. */
  #letIn(token: string, isKnown: boolean, notify: (status: number, notice: Notice, more?: object) => void): void {
    const session = this.#entrance.exchange(token);
    if (session === undefined) {
      notify(401, { ...SPENT, opensLab: isKnown });
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

  /** Why a WebSocket is refused; undefined when it is opened. A page always sends its origin; its key follows. */
  #refusal(request: IncomingMessage): string | undefined {
    if (!isFromHere(request, this.#port, { needsOrigin: true })) return "403 Forbidden";
    if (!this.#entrance.isKnown(request.headers.cookie)) return "401 Unauthorized";
    if (request.url !== "/lab") return "404 Not Found";
    return this.#sockets.clients.size >= SOCKETS_LIMIT ? "503 Service Unavailable" : undefined;
  }
}

const HTML = "text/html; charset=utf-8";
const NO_KEY = "This window has no key. Open the address that the lab printed in its terminal.\n";
const FOREIGN = {
  title: "Not the lab's own address",
  text: "Requests are accepted only from the lab's own page. Open the address that the lab printed in its terminal.",
};
const NO_FILE = { title: "No such page", text: "The lab has nothing at this address." };
const SPENT = {
  title: "This address has been used",
  text: "Each address opens the lab once. The next address is in the terminal in which the lab runs.",
};
const NOT_KNOWN = {
  title: "This browser is not connected to the lab",
  text: "Open the address that the lab printed in its terminal; it lets this browser in.",
};
