/** Every bound of the proxy in one place: nothing that a client or a peer sends may grow without one. */
export const limits = {
  links: 256,
  toxicsPerLink: 64,
  connectionsPerLink: 10_000,
  /** Characters of a name or an address. */
  nameLength: 256,
  /** Bytes that the toxics of one direction may hold before its source is no longer read. */
  heldPerLane: 4 * 1024 * 1024,
  /** Bytes held by all directions together; above it each may hold `heldPerLaneWhenCrowded`. */
  heldOverall: 256 * 1024 * 1024,
  heldPerLaneWhenCrowded: 64 * 1024,
  /** Bytes of a request line or status line with its headers, and of a chunked body's trailers. */
  headBytes: 64 * 1024,
  /** Request bodies up to this are read whole to see which JSON-RPC message they hold. */
  inspectedRequestBytes: 1024 * 1024,
  /** Replies up to this are read whole by faults that rewrite them; longer ones pass unchanged. */
  rewrittenReplyBytes: 4 * 1024 * 1024,
  /** One event of a stream; a longer one passes in pieces, unchanged. */
  eventBytes: 1024 * 1024,
  /** Reply bytes waiting behind a delay or a stall before the upstream is no longer read. */
  heldReplyBytes: 1024 * 1024,
  /** Client bytes remembered to say which request met a fault. */
  sniffedBytes: 16 * 1024,
  /** Session ids remembered a link. */
  sessions: 10_000,
  hits: 10_000,
  hitsPerAnswer: 1_000,
  hitFollowers: 64,
  /** A follower that has this much unread is skipped ahead. */
  hitFollowerBytes: 1024 * 1024,
  dialMs: 30_000,
  /** How long a socket that was told goodbye may take to close. */
  goodbyeMs: 1_000,
  /** After this long a link that could not come back, its port being taken, tries again. */
  returnAgainMs: 500,
  /** The longest a timer can run. */
  timerMs: 2_147_483_647,
  /** The longest a fault may be told to last. */
  expiryMs: 24 * 60 * 60_000,
} as const;
