/** As a child of the page's bench: the browser host on a data folder, with the page of a folder. */
import { browserHost } from "../hosts/browser.ts";

const [home = "", pageFolder = ""] = process.argv.slice(2);
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
await browserHost({
  environment: { ...process.env, RESILIENCE_LAB_HOME: home },
  port: 0,
  opensBrowser: false,
  out: process.stdout,
  signal: ending.signal,
  pageFolder,
});
process.exit(0);
