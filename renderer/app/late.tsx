import { type ComponentType, useEffect, useState } from "react";
import { fetchPart } from "./fetch-part.ts";

/**
 * A component whose code is loaded when it is first shown; until then `Fallback` or nothing is shown. React's `lazy` would
 * show nothing for at least 300 ms to avoid a flashing fallback.
 */
export function late<Props extends object>(
  name: string,
  load: () => Promise<{ default: ComponentType<Props> }>,
  Fallback?: ComponentType<Props>,
) {
  let Known: ComponentType<Props> | undefined;
  return function Late(props: Props) {
    const [Loaded, setLoaded] = useState(() => Known);
    const [failure, setFailure] = useState<{ cause: unknown }>();
    useEffect(() => {
      if (Known !== undefined) return;
      fetchPart(name, load).then(
        (module) => {
          Known = module.default;
          setLoaded(() => Known);
        },
        (cause) => setFailure({ cause }),
      );
    }, []);
    if (failure !== undefined) throw failure.cause;
    const Shown = Loaded ?? Fallback;
    return Shown === undefined ? null : <Shown {...props} />;
  };
}
