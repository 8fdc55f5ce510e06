const ignore = () => {};

/**
 * The one place of a host for errors of its process that nothing has awaited or caught. They are written to standard
 * error and handed to `take`, which ends what is at work and restores what it has broken; the process goes on. Ends when
 * what it returns is called: from then on such an error ends the process, as is Node's way.
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
  // A reader of standard error that has gone away is no error of the lab's, and must not be told of on standard error.
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
