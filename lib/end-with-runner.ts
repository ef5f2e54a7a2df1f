/** Preloaded into a program that a runner starts with an IPC channel: it ends soon after the runner, also when the runner was killed. */

/** A program that stops in order when its runner ends gets this long. */
const STOP_MS = 5_000;

process.once('disconnect', () => setTimeout(() => process.exit(), STOP_MS).unref());
// The listener alone must not keep the program running.
process.channel?.unref();

export {};
