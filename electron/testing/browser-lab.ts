/** The browser host as a separate program, for tests that kill it: `node browser-lab.ts PAGE_FOLDER`; data folder from the environment. */
import { browserHost } from "../hosts/browser.ts";

const [pageFolder] = process.argv.slice(2);
await browserHost({
  environment: process.env,
  port: 0,
  opensBrowser: false,
  out: process.stdout,
  signal: new AbortController().signal,
  ...(pageFolder === undefined ? {} : { pageFolder }),
});
