import { IconPlayerTrackNext } from "@tabler/icons-react";
import type { Span } from "../../electron/model/span.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useGoOn } from "../state/use-go-on.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./pause-bar.module.css";

/** While a paced run waits: what its next step does, and the button and the keys that let it happen. */
export function PauseBar({ pause }: { pause: Span<"step"> }) {
  const actions = useLabActions();
  useGoOn(() => void actions.next());
  const { say } = pause.attributes;
  return (
    <section className={classes.pause} aria-label="The run waits">
      <p role="status">
        {say !== undefined && <b>{visibleLine(say)}</b>}
        <span>{visibleLine(pause.name)}</span>
      </p>
      <ReasonedButton
        size="md"
        leftSection={<IconPlayerTrackNext size={16} aria-hidden />}
        hint="Space or Page Down"
        onClick={() => void actions.next()}
      >
        Next step
      </ReasonedButton>
    </section>
  );
}
