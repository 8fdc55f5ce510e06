import { type ComponentType, useEffect, useState } from "react";

/**
 * A component whose code is fetched when it is first shown, and which shows nothing until it is there. React's own
 * `lazy` would keep the empty place for 300 ms at least, so that a fallback never flashes; there is none here.
 */
export function late<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) {
  let Known: ComponentType<Props> | undefined;
  return function Late(props: Props) {
    const [Loaded, setLoaded] = useState(() => Known);
    const [failure, setFailure] = useState<{ cause: unknown }>();
    useEffect(() => {
      if (Known !== undefined) return;
      load().then(
        (module) => {
          Known = module.default;
          setLoaded(() => Known);
        },
        (cause) => setFailure({ cause }),
      );
    }, []);
    if (failure !== undefined) throw failure.cause;
    return Loaded === undefined ? null : <Loaded {...props} />;
  };
}
