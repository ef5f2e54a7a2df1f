/** docs/conformance.md, from the results of `npm run test:kubectl` and the table of differences. */
import { type ClientVersion, clientVersions } from '../../test/kubectl/clients.ts';
import { differenceOf } from '../../test/kubectl/compare.ts';
import { differences } from '../../test/kubectl/differences.ts';
import { type RecordedCommand, readCommands } from '../../test/kubectl/recorded.ts';
import { readResults } from '../../test/kubectl/results.ts';
import { table } from './table.ts';

const INTRODUCTION = `# Conformance of kubectl

\`npm run test:kubectl\` runs each command of this page with five versions of the real kubectl. It compares standard
output, warnings, errors and exit code with recorded answers of a real kube-apiserver 1.37.2. Names, times, uids,
resource versions and ages are normalized. A difference that is missing here fails the test, and so does a row whose
commands no longer differ. [CONTRIBUTING.md](../CONTRIBUTING.md#set-up) shows how to install the versions, and
[differences.md](differences.md) describes the differences of the API server.

The recordings contain the output of kubectl 1.30 and 1.37, and the exit codes of 1.20 and 1.32 too. Other versions
are compared with the recorded output. "text" means that the exit code is the recorded one, and that the client itself
prints another text than the recorded versions, or does not know the command.`;

const escaped = (text: string): string => text.replaceAll('|', '\\|');
const MAX_COMMAND = 100;
function code({ args }: RecordedCommand): string {
	const text = args.join(' ').trim();
	return `\`${escaped(text.length > MAX_COMMAND ? `${text.slice(0, MAX_COMMAND)}…` : text)}\``;
}

export function conformancePage(): string {
	const { clients, different } = readResults();
	const commands = readCommands();
	const verdictOf = ({ name }: RecordedCommand, client: ClientVersion): 'same' | 'text' | 'differs' => {
		if (!different[name]?.includes(client)) return 'same';
		return differenceOf(differences, name, client)?.isText ? 'text' : 'differs';
	};
	const summary = clientVersions.map((client) => {
		const count = (verdict: string) => commands.filter((command) => verdictOf(command, client) === verdict).length;
		return [clients[client], ...['same', 'text', 'differs'].map((verdict) => String(count(verdict)))];
	});
	const rows = commands.map((command) => {
		const reasons = clientVersions
			.filter((client) => different[command.name]?.includes(client))
			.map((client) => differenceOf(differences, command.name, client)?.reason ?? '');
		const cells = clientVersions.map((client) => verdictOf(command, client));
		return [code(command), ...cells, escaped([...new Set(reasons)].join(' '))];
	});
	return `${[
		INTRODUCTION,
		table(['kubectl', 'same', 'text', 'differs'], summary),
		'## Commands',
		'They run in this order, on the objects of the commands before them.',
		table(['command', ...clientVersions, 'difference and reason'], rows),
	].join('\n\n')}\n`;
}
