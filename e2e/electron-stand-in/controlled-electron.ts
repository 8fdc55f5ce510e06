/** The stand-in, in a main process in which a spec can evaluate code. */
export * from "./electron.ts";

import "./control.ts";
