import * as electron from "./electron.ts";

/** Lets a spec evaluate code in the main process, as Playwright's `electronApplication.evaluate` does on Electron. */
interface Asked {
  id: number;
  /** A function of the electron module and one argument. */
  source: string;
  argument: unknown;
}

process.on("message", (asked: Asked) => void reply(asked));
// The spec has ended: nobody else closes the windows.
process.on("disconnect", () => electron.app.exit(1));

async function reply({ id, source, argument }: Asked): Promise<void> {
  try {
    const work = new Function("electron", "argument", `return (${source})(electron, argument)`);
    process.send?.({ id, value: await work(electron, argument) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
