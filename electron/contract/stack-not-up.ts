/** Begins the reason of a run that did not start since its stack could not be brought up. */
export const STACK_NOT_UP = "the stack could not be brought up: ";
