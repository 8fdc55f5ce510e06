import { Switch } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { RemedyButton } from "../state/notify.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import classes from "./service-page.module.css";
import { useServiceLogs } from "./use-service-logs.ts";

/** Distance from the end at which the newest line still counts as shown. */
const AT_END_PX = 24;

/** The output of a service, followed and searched. */
export function ServiceLogs({ service }: { service: string }) {
  const { lines, dropped, failure, isLoaded } = useServiceLogs(service);
  const [text, setText] = useState("");
  const [isFollowing, setFollowing] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const wanted = text.toLowerCase();
  const shown = wanted === "" ? lines : lines.filter(({ line }) => line.toLowerCase().includes(wanted));
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when there are new lines
  useEffect(() => {
    if (isFollowing) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [shown.length, shown.at(-1)?.seq, isFollowing]);
  // Lines that come, go or take their real height scroll it, too: only a person scrolls back.
  const onScroll = () => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    if (scrollHeight - scrollTop - clientHeight <= AT_END_PX) setFollowing(true);
    else if (scrollTop < lastTop.current) setFollowing(false);
    else if (isFollowing) box.current?.scrollTo({ top: scrollHeight });
    lastTop.current = scrollTop;
  };
  return (
    <section className={classes.logs} aria-labelledby="logs-title">
      <header>
        <h2 id="logs-title">Logs</h2>
        <SearchBox label="Search the logs" value={text} onChange={setText} />
        <Switch
          size="xs"
          label="Follow"
          checked={isFollowing}
          onChange={(event) => setFollowing(event.currentTarget.checked)}
        />
        <span className={classes.count} role="status">
          {wanted !== "" && `${shown.length} of ${lines.length} lines`}
          {dropped > 0 && ` ${dropped} older lines are not kept`}
        </span>
      </header>
      {failure !== undefined && (
        <p className={classes.failure} role="alert">
          The logs cannot be read: {failure} <RemedyButton text={failure} />
        </p>
      )}
      {!isLoaded && <Loading what="Loading the logs" />}
      {isLoaded && lines.length === 0 && failure === undefined && (
        <Empty title="Nothing printed yet">Lines appear here as the service prints them.</Empty>
      )}
      {isLoaded && lines.length > 0 && shown.length === 0 && <Empty title="No matches">Search for another text.</Empty>}
      {shown.length > 0 && (
        <div
          ref={box}
          className={classes.lines}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled by keyboard
          tabIndex={0}
          data-following={isFollowing || undefined}
          role="log"
          aria-label={`Logs of ${service}`}
          onScroll={onScroll}
        >
          {shown.map(({ seq, stream, line }) => (
            <div key={seq} data-stream={stream}>
              {line}
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
