/**
 * A module that is preloaded into a program with an IPC channel. It ends the program soon after its runner ends, also
 * if the runner was killed.
 */

/** Time that a program has to stop in order after its runner ended. */
const STOP_MS = 5_000;

process.once('disconnect', () => setTimeout(() => process.exit(), STOP_MS).unref());
// The listener alone must not keep the program running.
process.channel?.unref();

export {};
