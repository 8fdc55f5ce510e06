import { useCallback, useMemo, useState } from "react";
import type { Route } from "./route.ts";

type Change<State> = (before: State) => State;

/**
 * State of a page that starts over with each navigation, also with one to the same page. It is derived from the route, not
 * set while rendering: an update of before the navigation, such as one of a timer, changes nothing after it.
 */
export function useRouteState<State, At extends Route>(
  route: At,
  initialOf: (route: At) => State,
): [State, (change: Change<State>) => void] {
  // biome-ignore lint/correctness/useExhaustiveDependencies: of a route, its initial state is always the same
  const initial = useMemo(() => initialOf(route), [route]);
  const [held, setHeld] = useState({ route, state: initial });
  const change = useCallback(
    (next: Change<State>) =>
      setHeld((before) => {
        const current = before.route === route ? before.state : initial;
        const state = next(current);
        return before.route === route && state === current ? before : { route, state };
      }),
    [route, initial],
  );
  return [held.route === route ? held.state : initial, change];
}
