#!/usr/bin/env node
// `npm start`: the lab in a window of its own, or in a browser.
import { runOnOwnNode } from "./own-node.mjs";

await runOnOwnNode(import.meta.url, async () => (await import("./start.ts")).start);
