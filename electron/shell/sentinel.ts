/** Globals that the desktop's main process must not have: its type check fails once one of these compiles. */

// @ts-expect-error the main process has no window of its own
window.close();
// @ts-expect-error nor a page
document.close();

export {};
