/** The certificates' bootstrap: runs once, before the services, and as often as wanted. Prints what it kept and what it made, never a key. */
import '../../lib/require-node.ts';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { asKubejoinError } from '../../lib/errors.ts';
import { errorForPeople } from '../../lib/log.ts';
import { settings } from './config.ts';
import { issuePki } from './issue.ts';

try {
	await issuePki({
		...readConfig(settings),
		clock: systemClock,
		say: (line) => process.stdout.write(`[certs] ${line}\n`),
	});
} catch (error) {
	const known = asKubejoinError(error);
	process.stderr.write(errorForPeople(known));
	process.exitCode = known.exitCode;
}
