/** Verbs that look: the two verdicts, what a person sees, and the mesh as a whole. */
import { type Command, Option } from 'commander';
import { STARTED_AT } from '../context.ts';
import { pipelineNames, pipelinePin, replaceNode, runAsUser, setUserKubeconfig } from '../faults/stolen-credentials.ts';
import { kubeconfigOf } from '../nodes.ts';
import { resetNodes } from '../reset.ts';
import { tokenOf } from '../tokens.ts';
import {
	expectAvailability,
	expectSecurity,
	judgeExpectations,
	recordMissed,
	recordVerdict,
	verdictKinds,
} from '../verdicts/expectations.ts';
import {
	certificatesBy,
	HEARTBEAT_SECONDS,
	judgeAvailability,
	judgeSecurity,
	type SecurityQuestion,
} from '../verdicts/judge.ts';
import { checkNodeFiles, secretsOf, textsInside } from '../verdicts/secret-scan.ts';
import { leak, reset, scan, steady } from '../verdicts/steady-state.ts';
import {
	collect,
	lookUntil,
	type OnNodes,
	type OnServices,
	oneOf,
	type Until,
	untilOptions,
	whole,
} from './arguments.ts';

interface SecurityFlags {
	readonly attacker?: readonly string[];
	readonly untouched?: readonly string[];
	/** Of a flag that begins with `--no-`, commander sets true when it is absent. */
	readonly identity: true | readonly string[];
	readonly stolen?: readonly string[];
	readonly lockedOut?: readonly string[];
	readonly certificateOnDisk: true | readonly string[];
	readonly oneCertificate?: readonly string[];
	readonly restrictedLabels: boolean;
	readonly attemptsRefused?: true;
	readonly halfJoined: boolean;
}
interface VerdictFlags extends SecurityFlags {
	readonly ready?: readonly string[];
	readonly within: number;
}

const valuesOf = (flag: true | readonly string[]): readonly string[] => (flag === true ? [] : flag);

const securityQuestion = (flags: SecurityFlags): SecurityQuestion => ({
	attackers: flags.attacker ?? [],
	untouched: flags.untouched ?? [],
	unearned: valuesOf(flags.identity),
	stolen: flags.stolen ?? [],
	lockedOut: flags.lockedOut ?? [],
	noCertificate: valuesOf(flags.certificateOnDisk),
	oneCertificate: flags.oneCertificate ?? [],
	isLaneAsked: !flags.restrictedLabels,
	areTriesAsked: flags.attemptsRefused === true,
	isHalfAsked: !flags.halfJoined,
});

const verdictCommand = (program: Command, name: string, description: string): Command =>
	program
		.command(`${name} <kind>`)
		.description(`${description}: security or availability`)
		.option('--attacker <name>', 'must have been connected to, and must have got no secret and no node', collect)
		.option('--untouched <attacker>', 'must not have been connected to', collect)
		.option('--no-identity <node>', 'must have no identity', collect)
		.option('--stolen <token>', 'no certificate was issued with it', collect)
		.option('--locked-out <node>', 'its certificate must not be accepted', collect)
		.option('--no-certificate-on-disk <node>', 'must have no certificate on its disk', collect)
		.option('--one-certificate <node>', 'the CA must have issued one certificate for it, and no more', collect)
		.option('--no-restricted-labels', 'no node may have a label that only admins can set')
		.option('--attempts-refused', 'every request with a stolen credential must have been refused')
		.option('--no-half-joined', 'every node must have joined or have no identity')
		.option('--ready <node>', 'of the experiment, must be Ready and send a heartbeat', collect)
		.option('--within <seconds>', 'how long availability may take', whole(0, 600), HEARTBEAT_SECONDS);

function addVerdicts(program: Command, onNodes: OnNodes): void {
	verdictCommand(program, 'judge', 'give a verdict now').action(
		onNodes(async (context, kind: string, flags: VerdictFlags) => {
			const verdict =
				oneOf('verdict', verdictKinds, kind) === 'security'
					? await judgeSecurity(context, securityQuestion(flags))
					: await judgeAvailability(context, { ready: flags.ready ?? [], withinSeconds: flags.within });
			await recordVerdict(context, verdict);
			return verdict;
		}),
	);
	verdictCommand(program, 'expect', 'record what the experiment expects, for steady to judge after the method')
		.option('--violated', 'security is expected to be violated')
		.action(
			onNodes(async (context, kind: string, { violated, ...flags }: VerdictFlags & { violated?: true }) => {
				const expected = violated === true ? 'violated' : 'held';
				if (oneOf('verdict', verdictKinds, kind) === 'security')
					await expectSecurity(context, securityQuestion(flags), expected);
				else await expectAvailability(context, flags.ready ?? [], flags.within);
				return `${kind} is expected to be ${expected}`;
			}),
		);
	program.command('record-missed <probe>', { hidden: true }).action(
		onNodes(async (context, probe: string) => {
			await recordMissed(context, probe);
			return '';
		}),
	);
	program.command('record-verdict <line>', { hidden: true }).action(
		onNodes(async (context, line: string) => {
			await recordVerdict(context, line);
			return '';
		}),
	);
	program
		.command('expectations', { hidden: true })
		.requiredOption('--within <seconds>', 'how long availability may take', whole(0, 600))
		.action(
			onNodes(async (context, { within }: { within: number }) =>
				JSON.stringify(await judgeExpectations(context, within)),
			),
		);
}

export function addLooking(program: Command, onNodes: OnNodes, onServices: OnServices, state: string): void {
	addVerdicts(program, onNodes);
	untilOptions(
		program
			.command('kubectl [arguments...]')
			.description('run kubectl-sim as the admin')
			.option('--as <node>', 'with the kubeconfig of this node')
			.option('--user', 'as a person with the home directory of the experiment')
			.passThroughOptions(),
	).action(
		onNodes(async (context, values: string[], { as, user, ...until }: Until & { as?: string; user?: true }) => {
			const run = async () =>
				user === true
					? runAsUser(context, values)
					: context.kubectl(values, as === undefined ? undefined : await kubeconfigOf(context, as));
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
			onNodes(async (context, node: string, { as }: { as: string }) =>
				replaceNode(context, node, await kubeconfigOf(context, as)),
			),
		);
	program
		.command('kubeconfig <action>')
		.description('add or remove the kubeconfig of the user that `kubectl --user` runs as')
		.action(
			onNodes(async (context, action: string) => {
				const isAdded = oneOf('action', ['add', 'remove'], action) === 'add';
				await setUserKubeconfig(context, isAdded);
				return `the kubeconfig is ${isAdded ? 'added' : 'removed'}`;
			}),
		);
	program
		.command('certificates <token>')
		.description('how many were given to whoever has it')
		.action(
			onNodes(
				async (context, token: string) =>
					`certificates: ${await certificatesBy(context, (await tokenOf(context, token)).id)}`,
			),
		);
	program
		.command('openssl-pin <pipeline>')
		.description('what openssl prints as the pin of a new CA: rsa, or pkey')
		.addOption(new Option('--key <algorithm>', 'of the CA').choices(['RSA-2048', 'ECDSA-P256']).default('ECDSA-P256'))
		.action(
			onNodes(async (context, pipeline: string, { key }: { key: string }) =>
				pipelinePin(context, oneOf('pipeline', pipelineNames, pipeline), key),
			),
		);
	program
		.command('steady')
		.description('whether every service runs unchanged, every node sends heartbeats, and every verdict is as expected')
		.option('--within <seconds>', 'for how long it is waited for', whole(0, 600), HEARTBEAT_SECONDS)
		.action(onServices((driver, { within }: { within: number }) => steady(driver, within)));
	program
		.command('reset')
		.description('everything as it was before: can be called at any time')
		.action(onServices(reset));
	program
		.command('reset-nodes', { hidden: true })
		.action(onNodes(async (context) => (await resetNodes(context)).join('\n')));
	program
		.command('begun', { hidden: true })
		.action(onNodes(async (context) => String((await context.read<number>(STARTED_AT)) ?? 0)));
	program
		.command('texts', { hidden: true })
		.action(onNodes(async (context) => JSON.stringify(await textsInside(context))));
	program
		.command('node-files', { hidden: true })
		.action(onNodes(async (context) => JSON.stringify(await checkNodeFiles(context, await secretsOf(context)))));
	program
		.command('scan')
		.description('look for secrets in logs, traces, journals and command lines')
		.option('--judge', 'with the verdict')
		.action(onServices((driver, { judge }: { judge?: true }) => scan(driver, judge === true, state)));
	program
		.command('leak <action>')
		.description('plant a secret that scan must find, or remove it')
		.action(
			onServices(async (driver, action: string) =>
				leak(driver, oneOf('action', ['plant', 'remove'], action) === 'plant', state),
			),
		);
}
