#!/usr/bin/env node
// `resilience-lab`: the lab in a terminal.
import { runOnOwnNode } from "./own-node.mjs";

await runOnOwnNode(import.meta.url, async () => (await import("./terminal/main.ts")).main);
