import { Kbd, Modal } from "@mantine/core";
import { Fragment } from "react";
import { useStores } from "../state/lab-context.tsx";
import { keyCaps, LAB_SHORTCUTS, SHORTCUTS, TIMELINE_KEYS } from "../state/shortcuts.ts";
import { isApple } from "./platform.ts";
import classes from "./shortcut-help.module.css";

export function ShortcutHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { hasLab } = useStores().client;
  const shortcuts = SHORTCUTS.filter(({ id }) => hasLab || !LAB_SHORTCUTS.has(id));
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      returnFocus={false}
      title="Shortcuts"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className={classes.columns}>
        <section>
          <h3>Anywhere</h3>
          <List entries={shortcuts.filter(({ where }) => where === "anywhere")} />
        </section>
        <section>
          <h3>In a run</h3>
          <List entries={shortcuts.filter(({ where }) => where === "run")} />
          <h3>On the time axis</h3>
          <List entries={TIMELINE_KEYS} />
        </section>
      </div>
    </Modal>
  );
}

function List({ entries }: { entries: readonly { keys: string; label: string }[] }) {
  return (
    <dl className={classes.list}>
      {entries.map(({ keys, label }) => (
        <Fragment key={`${keys} ${label}`}>
          <dt>
            {keyCaps(keys, isApple()).map((cap) => (
              <Kbd key={cap} size="xs">
                {cap}
              </Kbd>
            ))}
          </dt>
          <dd>{label}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
