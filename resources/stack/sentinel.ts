/** Types that services must not have access to: the type check fails if one of these compiles. */

// @ts-expect-error a service has no window
window.close();
// @ts-expect-error nor a page
document.close();

export {};
