import { registerHooks } from "node:module";

/** Preloaded with `node --import`: an import of `electron` gets the stand-in, so that the built main runs on Node. */
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "electron"
      ? { url: new URL("./controlled-electron.ts", import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
