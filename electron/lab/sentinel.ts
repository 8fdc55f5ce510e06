/** Globals that the engine must not have: its type check fails once one of these compiles. */

// @ts-expect-error the engine has no window
window.close();
// @ts-expect-error nor a page
document.close();

export {};
