/** Every limit of the proxy: all data from clients and peers is bounded. */
export const limits = {
  links: 256,
  toxicsPerLink: 64,
  /** Addresses besides the first. */
  routesPerLink: 256,
  connectionsPerLink: 10_000,
  /** Characters of a name or an address. */
  nameLength: 256,
  /** Bytes that the toxics of one direction may hold before its source is paused. */
  heldPerLane: 4 * 1024 * 1024,
  /** Bytes held by all directions together; above it each may hold `heldPerLaneWhenCrowded`. */
  heldOverall: 256 * 1024 * 1024,
  heldPerLaneWhenCrowded: 64 * 1024,
  /** Bytes of a request line or status line with its headers, and of a chunked body's trailers. */
  headBytes: 64 * 1024,
  /** Request bodies up to this size are buffered to parse their JSON-RPC messages. */
  inspectedRequestBytes: 1024 * 1024,
  /** Replies up to this size are buffered by faults that rewrite them; longer ones pass unchanged. */
  rewrittenReplyBytes: 4 * 1024 * 1024,
  /** One event of a stream; a longer one passes in pieces, unchanged. */
  eventBytes: 1024 * 1024,
  /** Reply bytes held by a delay or a stall before the upstream is paused. */
  heldReplyBytes: 1024 * 1024,
  /** Client bytes kept to identify the request that a fault affected. */
  sniffedBytes: 16 * 1024,
  /** Session ids kept per link. */
  sessions: 10_000,
  hits: 10_000,
  recordsPerAnswer: 1_000,
  followers: 64,
  /** Unread bytes above which a follower skips records. */
  followerBytes: 1024 * 1024,
  /** Recorded exchanges, and those that are open. */
  wireCalls: 10_000,
  openWireCalls: 1_000,
  /** Replies up to this size are read for JSON-RPC answers. */
  inspectedReplyBytes: 1024 * 1024,
  /** Bytes of a body that a reader of exchanges gets, and of all bodies in the record. */
  wireBodyBytes: 64 * 1024,
  wireBodiesOverall: 16 * 1024 * 1024,
  /** Bytes forwarded and not yet read; beyond it their exchanges are dropped. */
  unreadWireBytes: 8 * 1024 * 1024,
  /** Reading takes a turn of this length at most, and then leaves the connections so many times what it took. */
  wireTurnMs: 1,
  wireRest: 4,
  /** An exchange that is open for longer is recorded before its end. */
  openWireCallMs: 1_000,
  dialMs: 30_000,
  /** How long a socket may take to close after its FIN, in milliseconds. */
  closeWaitMs: 1_000,
  /** Retry interval for a link that cannot reopen because its port is in use. */
  returnAgainMs: 500,
  /** The maximum delay of a timer. */
  timerMs: 2_147_483_647,
  /** The maximum duration of a fault. */
  expiryMs: 24 * 60 * 60_000,
} as const;
