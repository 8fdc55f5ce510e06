/** The stand-in, in a main process that a spec may reach into. */
export * from "./electron.ts";

import "./control.ts";
