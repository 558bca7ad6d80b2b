/**
 * Every bound of this package, named. All can be set per connection; none can be switched off.
 */
export interface CodecLimits {
  /** Longest header block of a frame, in bytes. A `connect` reply is the largest a real switch sends (6 KiB recorded). */
  maxHeaderBytes: number;
  /** Longest body of a frame, in bytes (`show channels as json` grows with the number of calls). */
  maxBodyBytes: number;
}

/** Bounds of the queue of commands of one connection. */
export interface CommandLimits {
  /** Commands that wait to be written. One more is answered with `queue-full`. */
  maxQueued: number;
  /**
   * Commands written whose reply is still out. FreeSWITCH runs them one after the other, so what is written but not yet
   * run can no longer be withheld by the write guard: 1 is the strictest fence, more is faster.
   */
  maxInFlight: number;
  /** Default time limit of a command, from the call to its reply, in milliseconds. */
  commandLimitMs: number;
  /** A written command without a reply for this long means the connection is dead, in milliseconds. */
  overdueLimitMs: number;
}

export const DEFAULT_CODEC_LIMITS: CodecLimits = { maxHeaderBytes: 256 * 1024, maxBodyBytes: 16 * 1024 * 1024 };

export const DEFAULT_COMMAND_LIMITS: CommandLimits = {
  maxQueued: 1_000,
  maxInFlight: 32,
  commandLimitMs: 5_000,
  overdueLimitMs: 30_000,
};

/** Longest command we send, headers and body together, in bytes. FreeSWITCH itself stops reading a line at 10 MiB. */
export const MAX_COMMAND_BYTES = 64 * 1024;
