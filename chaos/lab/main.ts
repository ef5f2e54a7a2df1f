/** The command line of the lab: `bin/lab COMMAND …`. The experiments call `runLab` directly. */
import '../../lib/require-node.ts';
import { endWithReader } from '../../lib/cli/run-cli.ts';
import { runLab } from './run.ts';

endWithReader();
const { code, stdout, stderr } = await runLab(process.argv.slice(2), {
	onProgress: (line) => void process.stderr.write(`${line}\n`),
});
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
