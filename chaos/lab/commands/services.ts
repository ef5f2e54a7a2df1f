/** Verbs about services: their faults, what they log, and what is decided about requests. */
import { type Command, InvalidArgumentError } from 'commander';
import { wellKnown } from '../../../lib/kube/types.ts';
import type { LabContext } from '../context.ts';
import { decide } from '../faults/approve-csr.ts';
import { recordHalfJoined, recordSkew, skew, skewText } from '../faults/clock-skew.ts';
import { killDuringJoins } from '../faults/kill-during-joins.ts';
import { createWire, edges, parseEdge } from '../faults/network.ts';
import { removeBinding } from '../faults/role-bindings.ts';
import { tokenOf } from '../tokens.ts';
import { recordVerdict } from '../verdicts/expectations.ts';
import { openSigner, signAgain } from '../verdicts/sign-again.ts';
import { startedAtMs } from '../verdicts/steady-state.ts';
import {
	collect,
	lookUntil,
	type OnNodes,
	type OnServices,
	oneOf,
	pattern,
	type Until,
	untilOptions,
	whole,
} from './arguments.ts';

/** @returns with those before it */
const setting = (value: string, before?: readonly string[]): readonly string[] => {
	if (!/^[A-Z][A-Z0-9_]*=/.test(value)) throw new InvalidArgumentError('It must be NAME=VALUE.');
	return collect(value, before);
};

async function signAgainAndRecord(context: LabContext, node: string, stolen: string): Promise<string> {
	const { sign, close } = await openSigner(context, stolen);
	try {
		const verdict = await signAgain(context, node, sign);
		await recordVerdict(context, verdict);
		return verdict;
	} finally {
		close();
	}
}

export function addServices(program: Command, onNodes: OnNodes, onServices: OnServices): void {
	const service = program.command('service').description('faults of services');
	for (const [verb, what, help] of [
		['kill', 'is killed', 'end it at once; it stays away until it is started'],
		['start', 'is started', 'start it, and wait until it is ready'],
		['pause', 'is paused', 'stop it where it is'],
		['resume', 'goes on', 'let it go on after a pause'],
		['cut', 'is cut off', 'nobody reaches it, though it runs'],
		['heal', 'is connected again', 'it is reached again after a cut'],
	] as const) {
		service
			.command(`${verb} <service>`)
			.description(help)
			.action(
				onServices(async (driver, name: string) => {
					await driver[verb](name);
					return `${name} ${what}`;
				}),
			);
	}
	service
		.command('change <service>')
		.description('start it again with other settings or another clock, until reset')
		.option('--set <name=value>', 'a setting, without the prefix; may be repeated', setting)
		.option('--clock <offset>', '+600s')
		.action(
			onServices(async (driver, name: string, { set = [], clock }: { set?: readonly string[]; clock?: string }) => {
				const settings = Object.fromEntries(
					set.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
				);
				await driver.change(name, { settings, ...(clock === undefined ? {} : { clock }) });
				return `${name} runs with ${[...set, ...(clock === undefined ? [] : [`a clock that is wrong by ${clock}`])].join(', ')}`;
			}),
		);
	service
		.command('restore')
		.description('all services as at first')
		.action(onServices(async (driver) => (await driver.restore()).join('\n')));
	untilOptions(service.command('state').description('what each service does')).action(
		onServices((driver, until: Until) =>
			lookUntil(
				async () =>
					(await driver.services())
						.map(({ name, state, isChanged }) => `${name}: ${state}${isChanged ? ', changed' : ''}`)
						.join('\n'),
				until,
			),
		),
	);
	program
		.command('kill-during-joins <service>')
		.description('kill it while nodes are at every step of their joins, and say what becomes of each')
		.requiredOption('--token <name>')
		.option('--down <seconds>', 'how long it is away', whole(1, 60), 4)
		.action(
			onServices((driver, name: string, { token, down }: { token: string; down: number }) =>
				killDuringJoins(driver, { service: name, token, downSeconds: down }),
			),
		);
	program
		.command('sign-again <node>')
		.description(
			'ask ca-service again to sign the request of a node: it must return the certificate that it has issued',
		)
		.option('--stolen <directory>', "with the controller's credentials; default: they are stolen first")
		.action(async (node: string, { stolen }: { stolen?: string }, command: Command) => {
			if (stolen === undefined) {
				await onServices(async (driver, name: string) =>
					driver.runInLab(['sign-again', '--stolen', await driver.steal('signing-client'), name]),
				)(node, command);
				return;
			}
			await onNodes((context, name: string) => signAgainAndRecord(context, name, stolen))(node, command);
		});
	program
		.command('csr <verb>')
		.description('approve or deny what is pending, as a person would')
		.requiredOption('--from <requester>', 'system:node:NAME, or token:NAME for whoever has that token')
		.option('--within <seconds>', 'for how long a request is waited for', whole(1, 600), 15)
		.action(
			onNodes(async (context, verb: string, { from, within }: { from: string; within: number }) => {
				const decision = oneOf('verb', ['approve', 'deny'], verb);
				const requester = from.startsWith('token:')
					? `${wellKnown.bootstrapUserPrefix}${(await tokenOf(context, from.slice(6))).id}`
					: from;
				return `${verb}: ${(await decide(context, decision, requester, within)).join(', ')}`;
			}),
		);
	untilOptions(
		program
			.command('logs')
			.argument('<regex>', 'that a line must match', pattern)
			.description('what the services have logged since the experiment began: the lines that match'),
	).action(
		onServices((driver, regex: RegExp, until: Until) =>
			lookUntil(async () => {
				const lines = (await driver.logs(await startedAtMs(driver))).split('\n').filter((line) => regex.test(line));
				return [`${lines.length} lines`, ...lines].join('\n');
			}, until),
		),
	);
	const network = program
		.command('network')
		.description(`faults on the wire between two services: ${edges.map((edge) => JSON.stringify(edge)).join(', ')}`);
	network
		.command('delay <edge>')
		.description('each answer comes later: with Toxiproxy; otherwise the callee stands still for so long, once')
		.requiredOption('--ms <milliseconds>', 'by how much', whole(1, 60_000))
		.action(
			onServices(
				async (driver, edge: string, { ms }: { ms: number }) =>
					`${edge} is slow by ${ms} ms, by ${await createWire(driver).delay(parseEdge(edge), ms)}`,
			),
		);
	network
		.command('cut <edge>')
		.description('nothing comes through')
		.action(
			onServices(async (driver, edge: string) => `${edge} is cut, by ${await createWire(driver).cut(parseEdge(edge))}`),
		);
	network.command('heal <edge>').action(
		onServices(async (driver, edge: string) => {
			await createWire(driver).heal(parseEdge(edge));
			return `${edge} is well`;
		}),
	);
	const binding = program.command('binding').description('ClusterRoleBindings');
	binding
		.command('remove <name>')
		.description('reset brings it back')
		.action(
			onNodes(async (context, name: string) => {
				await removeBinding(context, name);
				return `${name} is gone`;
			}),
		);
	program
		.command('skew <service> <offset>')
		.description('a join while the clock of one service, or of kubelet-sim, is wrong')
		.requiredOption('--token <name>')
		.action(onServices(skew));
	program.command('record-skew <service> <offset> <outcome>', { hidden: true }).action(
		onNodes(async (context, name: string, offset: string, outcome: string) => {
			await recordSkew(context, { service: name, offset, outcome });
			return '';
		}),
	);
	program.command('record-half-joined <what>', { hidden: true }).action(
		onNodes(async (context, what: string) => {
			await recordHalfJoined(context, what);
			return '';
		}),
	);
	untilOptions(
		program
			.command('skew-results')
			.description('the outcome of each join with a wrong clock, and the clock that was read back'),
	).action(onNodes((context, until: Until) => lookUntil(() => skewText(context), until)));
}
