const ignore = () => {};

/**
 * Handles uncaught errors and unhandled rejections of a host's process. They are written to standard error and passed to
 * `take`, which ends the work in progress and undoes its faults; the process continues. Returns a function that stops the
 * handling: from then on such an error ends the process, as is Node's default.
 */
export function catchStrayErrors(take: (error: unknown) => void): () => void {
  const onStray = (error: unknown) => {
    write(error);
    try {
      take(error);
    } catch (another) {
      write(another);
    }
  };
  // A closed standard error (EPIPE) is not an error of the lab, and cannot be reported on standard error.
  process.stderr.off("error", ignore).on("error", ignore);
  process.on("uncaughtException", onStray);
  process.on("unhandledRejection", onStray);
  return () => {
    process.off("uncaughtException", onStray);
    process.off("unhandledRejection", onStray);
  };
}

function write(error: unknown): void {
  process.stderr.write(`resilience-lab: unexpected: ${error instanceof Error ? error.stack : String(error)}\n`);
}
