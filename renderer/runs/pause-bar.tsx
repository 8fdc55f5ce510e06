import { IconPlayerTrackNext } from "@tabler/icons-react";
import { useEffect } from "react";
import type { Span } from "../../electron/model/span.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./pause-bar.module.css";

/** Controls that take Space themselves, or text. */
const TAKES_SPACE = "button, a, input, textarea, select, summary, [contenteditable], [role=tab], [role=slider]";

/** While a paced run waits: what its next step does, and the button and the keys that let it happen. */
export function PauseBar({ pause }: { pause: Span<"step"> }) {
  const actions = useLabActions();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || event.repeat || target?.closest("[role=dialog], [role=menu]")) return;
      const isNext = event.key === "PageDown" || (event.key === " " && !target?.matches(TAKES_SPACE));
      if (!isNext) return;
      event.preventDefault();
      void actions.next();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [actions]);
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
