/** Globals that the page must not see: its type check fails once one of these compiles. */

// @ts-expect-error the page has no process
process.exit();
// @ts-expect-error nor Node's buffers
Buffer.alloc(0);

export {};
