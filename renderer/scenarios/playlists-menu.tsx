import { ActionIcon, Button, Menu, Modal, TextInput } from "@mantine/core";
import { IconPlayerPlay, IconPlaylist, IconTable, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useLabActions } from "../state/lab-actions.ts";
import { useInteraction, useLab, usePreferences, useStores } from "../state/lab-context.tsx";
import { attempt, notify } from "../state/notify.tsx";
import { useGoOn } from "../state/use-go-on.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./playlists-menu.module.css";

interface PlaylistsMenuProps {
  /** Those that a new playlist gets, in order. */
  scenarioIds: readonly string[];
  disabledBecause: string | undefined;
}

/** Plays the playlist chosen last, and plays, makes and deletes others. In presenter mode Space starts it. */
export function PlaylistsMenu({ scenarioIds, disabledBecause }: PlaylistsMenuProps) {
  const { client } = useStores();
  const actions = useLabActions();
  const playlists = useLab((state) => state.playlists);
  const refresh = useLab((state) => state.refreshPlaylists);
  const [isNaming, setNaming] = useState(false);
  const playlist = usePreferences((state) => state.playlist);
  const isPresenting = usePreferences((state) => state.isPresenting);
  const without = useInteraction((state) => state.without);
  const isBusy = useLab((state) => (state.lab?.queue.active.length ?? 0) > 0);
  const load = () => attempt("The playlists could not be loaded", refresh);
  const chosen = playlists.find(({ id }) => id === playlist) ?? playlists[0];
  useGoOn(
    isPresenting && chosen !== undefined && disabledBecause === undefined && !isBusy
      ? () => void actions.play(chosen.id)
      : undefined,
  );
  return (
    <>
      {chosen !== undefined && (
        <ReasonedButton
          className={classes.play ?? ""}
          variant="light"
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          disabledBecause={disabledBecause}
          hint={`${chosen.title}: ${chosen.runs === 1 ? "1 run" : `${chosen.runs} runs`}${isPresenting ? ". Space starts it" : ""}`}
          onClick={() => void actions.play(chosen.id)}
        >
          Play: {chosen.title}
        </ReasonedButton>
      )}
      <Menu position="bottom-end" onOpen={() => void load()}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconPlaylist size={14} aria-hidden />}>
            Playlists
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {playlists.map(({ id, title, runs, origin }) => (
            <div key={id} className={classes.item}>
              <Menu.Item
                leftSection={<IconPlayerPlay size={15} aria-hidden />}
                disabled={disabledBecause !== undefined}
                onClick={() => void actions.play(id)}
              >
                {title} <small>({runs === 1 ? "1 run" : `${runs} runs`})</small>
              </Menu.Item>
              {origin === "user" && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Delete the playlist ${title}`}
                  onClick={() =>
                    void attempt("The playlist could not be deleted", () => client.call.playlists.delete({ id })).then(
                      load,
                    )
                  }
                >
                  <IconTrash size={15} aria-hidden />
                </ActionIcon>
              )}
            </div>
          ))}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconTable size={15} aria-hidden />}
            disabled={disabledBecause !== undefined || scenarioIds.length === 0}
            onClick={() => void actions.start([...scenarioIds], { matrix: true })}
          >
            Matrix of the {scenarioIds.length} shown{" "}
            <small>
              (with every protection, then without {without.length === 0 ? "its own" : `each of: ${without.join(", ")}`}
              )
            </small>
          </Menu.Item>
          <Menu.Item disabled={scenarioIds.length === 0} onClick={() => setNaming(true)}>
            Save the {scenarioIds.length} shown as a playlist
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={isNaming} onClose={() => setNaming(false)} title="A new playlist">
        <NewPlaylist scenarioIds={scenarioIds} onSaved={() => setNaming(false)} />
      </Modal>
    </>
  );
}

function NewPlaylist({ scenarioIds, onSaved }: { scenarioIds: readonly string[]; onSaved: () => void }) {
  const { client } = useStores();
  const firstWithout = useInteraction((state) => state.without);
  const [title, setTitle] = useState("");
  const save = async () => {
    const saved = await attempt("The playlist could not be saved", () =>
      client.call.playlists.save({ title, scenarioIds: [...scenarioIds], firstWithout }),
    );
    if (saved === undefined) return;
    notify("Playlist saved", `${saved.title}: \`resilience-lab demo ${saved.id}\` plays it in a terminal`);
    onSaved();
  };
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <TextInput
        label="Name of the playlist"
        description={
          firstWithout.length === 0
            ? undefined
            : `Each is run first without ${firstWithout.join(", ")}, then with every protection`
        }
        value={title}
        maxLength={100}
        data-autofocus
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <Button type="submit" disabled={title.trim() === ""}>
        Save
      </Button>
    </form>
  );
}
