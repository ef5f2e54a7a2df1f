/** Commands that start attackers and use stolen credentials. */
import { type Command, Option } from 'commander';
import { stealable } from '../drivers/driver.ts';
import { type AttackFlags, attackReport, attackText, startAttacker } from '../faults/attackers.ts';
import { tryStolen } from '../faults/stolen-credentials.ts';
import { type CommandContext, labName, lookUntil, oneOf, type Until, untilOptions } from './arguments.ts';

const modes = [
	'relay',
	'sink',
	'replay',
	'forge-unsigned',
	'forge-invented-jws',
	'forge-signed',
	'append-ca',
	'alter-second',
	'impersonate',
];

export function addAttackers(program: Command, context: CommandContext): void {
	addAttack(program, context);
	addStolen(program, context);
}

function addAttack(program: Command, { onNodes, signal }: CommandContext): void {
	program
		.command('attack')
		.argument('<name>', 'of the attacker in the experiment', labName)
		.description('start an attacker between nodes and the API server')
		.addOption(new Option('--mode <mode>', 'kind of attack').choices(modes).makeOptionMandatory())
		.option('--token <name>', 'that it has stolen')
		.option('--unnamed', 'listen on an address that is not in the certificate of the API server')
		.option('--ca-key <file>', 'that it has stolen; steal prints its directory')
		.action(
			onNodes(async (context, name: string, flags: AttackFlags) => {
				await startAttacker(context, name, flags);
				return `${name} listens on ${(await attackReport(context, name)).listening}`;
			}),
		);
	untilOptions(program.command('attacker <name>').description('print the connections and gains of an attacker')).action(
		onNodes((context, name: string, until: Until) =>
			lookUntil(async () => attackText(name, await attackReport(context, name)), until, signal),
		),
	);
}

function addStolen(program: Command, { onNodes, onServices }: CommandContext): void {
	program
		.command('steal <thing>')
		.description(`copy ${stealable.join(', ')} to the attackers; prints the directory`)
		.action(onServices((driver, thing: string) => driver.steal(oneOf('thing to steal', stealable, thing))));
	program
		.command('try [arguments...]')
		.description(
			'run a command of attacker-sim; replaces {target}, {cluster-ca}, {address:SERVICE}, {token:NAME}, ' +
				'{kubeconfig:NODE}, {certificate:NODE} and {stolen}',
		)
		.option('--stolen <directory>', 'that steal printed')
		.option('--steal <thing>', 'steal this first')
		.passThroughOptions()
		.action(async (values: string[], { stolen, steal }: { stolen?: string; steal?: string }, command: Command) => {
			if (steal === undefined) {
				await onNodes((context, given: string[]) => tryStolen(context, given, stolen))(values, command);
				return;
			}
			const thing = oneOf('thing to steal', stealable, steal);
			await onServices(async (driver, given: string[]) =>
				driver.lab.runCommand(['try', '--stolen', await driver.steal(thing), ...given]),
			)(values, command);
		});
}
