import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { WINDOW_KEY_HEADER } from "../../../contract/window.ts";
import { EngineService } from "../../../lab/service/engine-service.ts";
import { labRouter } from "../../../lab/service/procedures/router.ts";
import { BROWSER_HOST } from "../../browser.ts";
import { FileService } from "../../files/file-service.ts";
import { PageFiles } from "../../page/page-files.ts";
import { browserFiles } from "../browser-files.ts";
import { BrowserServer } from "../browser-server.ts";
import { WindowKeys } from "../window-keys.ts";

export const UPLOAD_LIMIT_BYTES = 10_000;

export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

/** A browser that has used an address, and the window key it received. */
export interface Visitor {
  cookie: string;
  key: string;
  /** Headers that every page of the lab sends: cookie and origin. */
  headers: { cookie: string; origin: string };
  /** The same with the window key. */
  withKey: Record<string, string>;
}

/** A real lab behind the browser host's server, as with `npm start -- --browser`, with a page of one script. */
export class ServedLab {
  readonly addresses: string[] = [];
  readonly files = new FileService(UPLOAD_LIMIT_BYTES);
  readonly windows = new WindowKeys();
  readonly service: EngineService;
  #server: BrowserServer | undefined;

  private constructor(service: EngineService) {
    this.service = service;
  }

  static async start(folder: string): Promise<ServedLab> {
    mkdirSync(join(folder, "page", "assets"), { recursive: true });
    writeFileSync(join(folder, "page", "index.html"), '<meta name="csp-nonce" content="__CSP_NONCE__">');
    writeFileSync(join(folder, "page", "assets", "main.js"), "1");
    writeFileSync(join(folder, "secret.txt"), "secret");
    const service = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: join(folder, "data") });
    const lab = new ServedLab(service);
    const { files, windows } = lab;
    const router = labRouter({
      service,
      host: BROWSER_HOST,
      files: browserFiles(files),
      invite: () => windows.issue(),
    });
    const page = new PageFiles(join(folder, "page"));
    const onAddress = (address: string) => void lab.addresses.push(address);
    lab.#server = await BrowserServer.listen({ router, page, files, windows, port: 0, onAddress });
    return lab;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.files.close();
    await this.service.close();
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The query of the address for the next browser. */
  get newToken(): string {
    return new URL(this.#server?.address ?? "").search;
  }

  ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
    const { method = "GET", headers = {}, body } = options;
    return new Promise<Answer>((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.port, path, method, headers }, async (response) => {
        resolve({ status: response.statusCode ?? 0, body: await text(response), headers: response.headers });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  /** Opens the address, as a browser does. */
  async comeIn(): Promise<Visitor> {
    const { headers, body } = await this.ask(`/${this.newToken}`);
    const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    const key = /setItem\("[^"]+", "([^"]+)"\)/.exec(body)?.[1] ?? "";
    const known = { cookie, origin: this.origin };
    return { cookie, key, headers: known, withKey: { ...known, [WINDOW_KEY_HEADER]: key } };
  }
}
