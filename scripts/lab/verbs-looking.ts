/** Verbs that look: the two verdicts, what a person sees, and the mesh as a whole. */
import { type Command, Option } from 'commander';
import { certificatesBy, judgeAvailability, judgeSecurity } from './judge.ts';
import { kubeconfigOf } from './nodes.ts';
import { BEGUN } from './place.ts';
import { pipelineNames, pipelinePin, replaceNode, runAsUser, setUserKubeconfig } from './programs.ts';
import { resetPlace } from './reset.ts';
import { textsInside } from './scan.ts';
import { tokenOf } from './tokens.ts';
import {
	collect,
	EXIT_UNLIKE,
	type Here,
	isToBeThere,
	lookUntil,
	oneOf,
	type There,
	type Until,
	untilOptions,
	whole,
} from './verbs.ts';
import { leak, reset, scan, steady } from './whole.ts';

interface JudgeFlags {
	readonly attacker?: readonly string[];
	readonly unearned?: readonly string[];
	readonly stolen?: readonly string[];
	readonly lockedOut?: readonly string[];
	readonly diskless?: readonly string[];
	readonly lane?: true;
	readonly tries?: true;
	readonly halfJoined?: true;
	readonly ready?: readonly string[];
	readonly within: number;
}

export function addLooking(program: Command, there: There, here: Here): void {
	program
		.command('judge <kind>')
		.description('a verdict: security or availability')
		.option('--attacker <name>', 'that was to get nothing', collect)
		.option('--unearned <node>', 'that was to get no identity', collect)
		.option('--stolen <token>', 'with which nobody was to get a certificate', collect)
		.option('--locked-out <node>', 'whose certificate was to be good for nothing any more', collect)
		.option('--diskless <node>', 'that was to write no certificate on its disk', collect)
		.option('--lane', 'no node was to have a label that only admins may give')
		.option('--tries', 'nothing that was tried with stolen things was to be allowed')
		.option('--half-joined', 'every node was to join or to have no identity')
		.option('--ready <node>', 'of the experiment, that must be Ready', collect)
		.option('--within <seconds>', 'for how long availability is waited for', whole(0, 600), 15)
		.action(
			there(
				async (
					place,
					kind: string,
					{
						attacker = [],
						unearned = [],
						stolen = [],
						lockedOut = [],
						diskless = [],
						lane,
						tries,
						halfJoined,
						ready = [],
						within,
					}: JudgeFlags,
				) => {
					const flags = { isLaneAsked: lane === true, areTriesAsked: tries === true, isHalfAsked: halfJoined === true };
					return oneOf('verdict', ['security', 'availability'], kind) === 'security'
						? judgeSecurity(place, {
								attackers: attacker,
								unearned,
								stolen,
								lockedOut,
								noCertificate: diskless,
								...flags,
							})
						: judgeAvailability(place, { ready, withinSeconds: within });
				},
			),
		);
	untilOptions(
		program
			.command('kubectl [arguments...]')
			.description('run kubectl-sim as the admin')
			.option('--as <node>', 'with the kubeconfig of this node')
			.option('--user', 'as a person with the home directory of the experiment')
			.passThroughOptions(),
	).action(
		there(async (place, values: string[], { as, user, ...until }: Until & { as?: string; user?: true }) => {
			const run = async () =>
				user === true
					? runAsUser(place, values)
					: place.kubectl(values, as === undefined ? undefined : await kubeconfigOf(place, as));
			if (until.until === undefined) return run();
			return lookUntil(async () => {
				const { stdout, stderr } = await run();
				return stdout + stderr;
			}, until);
		}),
	);
	program
		.command('replace-node <node>')
		.description('write a Node without reading it first, with a label added')
		.requiredOption('--as <node>', 'with the kubeconfig of this node')
		.action(
			there(async (place, node: string, { as }: { as: string }) =>
				replaceNode(place, node, await kubeconfigOf(place, as)),
			),
		);
	program
		.command('kubeconfig <state>')
		.description('give the person of the experiment a kubeconfig (there) or take it away (gone)')
		.action(
			there(async (place, state: string) => {
				await setUserKubeconfig(place, isToBeThere(state));
				return `the kubeconfig is ${state}`;
			}),
		);
	program
		.command('certificates <token>')
		.description('how many were given to whoever has it')
		.action(
			there(
				async (place, token: string) =>
					`certificates: ${await certificatesBy(place, (await tokenOf(place, token)).id)}`,
			),
		);
	program
		.command('openssl-pin <pipeline>')
		.description('what openssl prints as the pin of a new CA: rsa, or pkey')
		.addOption(new Option('--key <algorithm>', 'of the CA').choices(['RSA-2048', 'ECDSA-P256']).default('ECDSA-P256'))
		.action(
			there(async (place, pipeline: string, { key }: { key: string }) =>
				pipelinePin(place, oneOf('pipeline', pipelineNames, pipeline), key),
			),
		);
	program
		.command('steady')
		.description('whether every service runs unchanged and every node is Ready; exit code 1 when not')
		.option('--within <seconds>', 'for how long it is waited for', whole(0, 600), 15)
		.action(
			here(async (driver, { within }: { within: number }) => {
				const text = await steady(driver, within);
				return { code: text.startsWith('steady') ? 0 : EXIT_UNLIKE, stdout: `${text}\n`, stderr: '' };
			}),
		);
	program.command('reset').description('everything as it was before: can be called at any time').action(here(reset));
	program.command('reset-nodes', { hidden: true }).action(there(async (place) => (await resetPlace(place)).join('\n')));
	program
		.command('begun', { hidden: true })
		.action(there(async (place) => String((await place.read<number>(BEGUN)) ?? 0)));
	program.command('texts', { hidden: true }).action(there(async (place) => JSON.stringify(await textsInside(place))));
	program
		.command('scan')
		.description('look for secrets in logs, traces, journals and command lines')
		.option('--judge', 'with the verdict')
		.action(here((driver, { judge }: { judge?: true }) => scan(driver, judge === true)));
	program
		.command('leak <state>')
		.description('plant a secret for scan to find (there), or take it away (gone)')
		.action(here(async (driver, state: string) => leak(driver, isToBeThere(state))));
}
