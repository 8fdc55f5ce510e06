import { ActionIcon } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useShortcuts } from "../state/use-shortcuts.ts";
import classes from "./replay.module.css";
import { REPLAY_SPEEDS, useReplay } from "./use-replay.ts";

/** Plays a finished run again, on the same screen. */
export function Replay({ endMs }: { endMs: number }) {
  const { isPlaying, speed, setSpeed, toggle } = useReplay(endMs);
  useShortcuts({ replay: toggle });
  const label = isPlaying ? "Pause the replay" : "Replay";
  return (
    <span className={classes.replay}>
      <ActionIcon variant="light" size="sm" aria-label={label} title={`${label} (R)`} onClick={toggle}>
        {isPlaying ? <IconPlayerPause size={15} aria-hidden /> : <IconPlayerPlay size={15} aria-hidden />}
      </ActionIcon>
      <select
        className={classes.speed}
        aria-label="Speed of the replay"
        value={speed}
        onChange={(event) => setSpeed(REPLAY_SPEEDS.find((each) => String(each) === event.target.value) ?? 1)}
      >
        {REPLAY_SPEEDS.map((each) => (
          <option key={each} value={each}>
            {each}x
          </option>
        ))}
      </select>
    </span>
  );
}
