/** What the page must not be able to name: its type check fails once one of these compiles. */

// @ts-expect-error the page has no process
process.exit();
// @ts-expect-error nor Node's buffers
Buffer.alloc(0);

export {};
