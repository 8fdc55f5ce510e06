import { Button, Loader } from "@mantine/core";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import classes from "./build-banner.module.css";

/** An image of the lab's own is built, once on an engine. What waits for it goes on by itself, or fails when it is cancelled. */
export function BuildBanner() {
  const { client } = useStores();
  const step = useLab((state) => state.lab?.stack.building?.step);
  if (step === undefined) return null;
  return (
    <div className={classes.banner} role="status">
      <Loader size={14} aria-hidden />
      <span>
        Building an image that the lab needs, once on this engine: <code>{step}</code>
      </span>
      <Button
        size="compact-sm"
        variant="default"
        onClick={() => void attempt("The build could not be cancelled", () => client.call.stacks.cancelBuild())}
      >
        Cancel the build
      </Button>
    </div>
  );
}
