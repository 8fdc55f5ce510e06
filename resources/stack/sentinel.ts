/** What a service must not be able to name: its type check fails once one of these compiles. */

// @ts-expect-error a service has no window
window.close();
// @ts-expect-error nor a page
document.close();

export {};
