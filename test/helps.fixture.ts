/** A program of a test: `helps.fixture.ts PROGRAM…` prints the help of the programs and of each of their commands. */
import { Command } from 'commander';

const programs = process.argv.splice(2, Number.POSITIVE_INFINITY, '--help');
const helps: string[] = [];

function addHelps(command: Command): void {
	const parts: string[] = [];
	command.configureOutput({ writeOut: (text) => void parts.push(text) }).outputHelp();
	helps.push(parts.join(''));
	for (const child of command.commands) addHelps(child);
}

// Programs with commands parse their arguments with it. Services write the help of their settings.
Command.prototype.parseAsync = async function (this: Command) {
	addHelps(this);
	return this;
};
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (text) => helps.push(String(text)) > 0;
for (const program of programs) await import(program);
write(JSON.stringify(helps.filter((help) => help !== '')));
