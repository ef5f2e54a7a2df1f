/** The PKI bootstrap, which runs before the services at every start. It prints the name of each file, and no key. */
import '../../lib/require-node.ts';
import { errorForPeople } from '../../lib/cli/error-text.ts';
import { requestedHelp } from '../../lib/cli/settings-help.ts';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { asKubejoinError } from '../../lib/errors.ts';
import { settings } from './config.ts';
import { issuePki } from './issue.ts';

const help = requestedHelp('pki', settings);
try {
	if (help !== undefined) process.stdout.write(help);
	else
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
