import { ActionIcon } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useShortcuts } from "../state/use-shortcuts.ts";
import { FilterSelect } from "../ui/filter-select.tsx";
import { Hint } from "../ui/hint.tsx";
import classes from "./replay.module.css";
import { REPLAY_SPEEDS, useReplay } from "./use-replay.ts";

/** Plays a finished run again, on the same screen. */
export function Replay({ endMs }: { endMs: number }) {
  const { isPlaying, speed, setSpeed, toggle } = useReplay(endMs);
  useShortcuts({ replay: toggle });
  return (
    <span className={classes.replay}>
      <Hint label={isPlaying ? "Pause (R)" : "Replay (R)"}>
        <ActionIcon variant="light" size="sm" aria-label={isPlaying ? "Pause the replay" : "Replay"} onClick={toggle}>
          {isPlaying ? <IconPlayerPause size={15} aria-hidden /> : <IconPlayerPlay size={15} aria-hidden />}
        </ActionIcon>
      </Hint>
      <FilterSelect
        className={classes.speed ?? ""}
        label="Speed of the replay"
        any="1x"
        data={REPLAY_SPEEDS.filter((each) => each !== 1).map((each) => ({ value: String(each), label: `${each}x` }))}
        value={speed === 1 ? null : String(speed)}
        onChange={(value) => setSpeed(REPLAY_SPEEDS.find((each) => String(each) === value) ?? 1)}
      />
    </span>
  );
}
