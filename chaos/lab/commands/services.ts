/** Commands that inject faults into services and read their logs. */
import { type Command, InvalidArgumentError } from 'commander';
import { killDuringJoins } from '../faults/kill-during-joins.ts';
import { type CommandContext, collect, lookUntil, pattern, type Until, untilOptions, whole } from './arguments.ts';

const faults = [
	['kill', 'is killed', 'send SIGKILL; the service stays down until it is started'],
	['start', 'is started', 'start the service and wait until it is ready'],
	['pause', 'is paused', 'send SIGSTOP, or pause the container'],
	['resume', 'runs again', 'continue after a pause'],
	['cut', 'is cut off', 'disconnect the service, which keeps running'],
	['heal', 'is connected again', 'reconnect the service after a cut'],
] as const;

/** A parser of `--set`. @returns the value, after those before it */
const setting = (value: string, before?: readonly string[]): readonly string[] => {
	if (!/^[A-Z][A-Z0-9_]*=/.test(value)) throw new InvalidArgumentError('It must be NAME=VALUE.');
	return collect(value, before);
};

const settingsOf = (pairs: readonly string[]): Readonly<Record<string, string>> =>
	Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));

export function addServices(program: Command, context: CommandContext): void {
	const service = program.command('service').description('inject faults into services');
	addFaults(service, context);
	addChange(service, context);
	addState(service, context);
	addKillDuringJoins(program, context);
	addLogs(program, context);
}

function addFaults(service: Command, { onServices }: CommandContext): void {
	for (const [verb, outcome, help] of faults) {
		service
			.command(`${verb} <service>`)
			.description(help)
			.action(
				onServices(async (driver, name: string) => {
					await driver[verb](name);
					return `${name} ${outcome}`;
				}),
			);
	}
	service
		.command('restore')
		.description('undo every fault of every service')
		.action(onServices(async (driver) => (await driver.restore()).join('\n')));
}

const addChange = (service: Command, { onServices }: CommandContext): Command =>
	service
		.command('change <service>')
		.description('restart the service with other settings or another clock, until reset')
		.option('--set <name=value>', 'a setting without its prefix; can be repeated', setting)
		.option('--clock <offset>', 'shift its clock: +600s')
		.action(
			onServices(async (driver, name: string, { set = [], clock }: { set?: readonly string[]; clock?: string }) => {
				await driver.change(name, { settings: settingsOf(set), clock });
				const changes = [...set, ...(clock === undefined ? [] : [`a clock shifted by ${clock}`])];
				return `${name} runs with ${changes.join(', ')}`;
			}),
		);

const addState = (service: Command, { onServices, signal }: CommandContext): Command =>
	untilOptions(service.command('state').description('print the state of each service')).action(
		onServices((driver, until: Until) =>
			lookUntil(
				async () =>
					(await driver.services())
						.map(({ name, state, isChanged }) => `${name}: ${state}${isChanged ? ', changed' : ''}`)
						.join('\n'),
				until,
				signal,
			),
		),
	);

const addKillDuringJoins = (program: Command, { onServices }: CommandContext): Command =>
	program
		.command('kill-during-joins <service>')
		.description('kill the service while nodes are at each step of a join, and print the outcome of each')
		.requiredOption('--token <name>')
		.option('--down <seconds>', 'how long the service stays down', whole(1, 60), 4)
		.action(
			onServices((driver, name: string, { token, down }: { token: string; down: number }) =>
				killDuringJoins(driver, { service: name, token, downSeconds: down }),
			),
		);

const addLogs = (program: Command, { onServices, signal }: CommandContext): Command =>
	untilOptions(
		program
			.command('logs')
			.argument('<regex>', 'that a line must match', pattern)
			.description('print matching lines that the services have logged since the experiment started'),
	).action(
		onServices((driver, regex: RegExp, until: Until) =>
			lookUntil(
				async () => {
					const text = await driver.logs(await driver.lab.startedAtMs());
					const lines = text.split('\n').filter((line) => regex.test(line));
					return [`${lines.length} lines`, ...lines].join('\n');
				},
				until,
				signal,
			),
		),
	);
