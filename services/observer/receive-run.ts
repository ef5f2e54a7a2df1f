/**
 * Receives the events of a run in a terminal on standard input, and keeps them where the observer reads runs. The
 * runner of `docker compose` starts it in the observer's container, so that only a user of the Docker engine can.
 */
import '../../lib/require-node.ts';
import { environment } from '../../lib/config.ts';
import { receiveRun, terminalRunsDirectory } from './received-run.ts';

const [name = ''] = process.argv.slice(2);
const { KUBEJOIN_STATE_DIRECTORY: state } = environment();
if (state === undefined) throw new Error('this observer has no state directory');
await receiveRun(terminalRunsDirectory(state), name, process.stdin);
