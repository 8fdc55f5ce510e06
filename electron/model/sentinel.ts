/** Globals that the model and the contract must not see: their type check fails once one of these compiles. */

// @ts-expect-error what is pure has no window
window.close();
// @ts-expect-error no process
process.exit();
// @ts-expect-error no timers
setTimeout(() => {}, 0);
// @ts-expect-error and no network
fetch("/");

export {};
