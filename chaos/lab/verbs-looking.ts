/** Verbs that look: the two verdicts, what a person sees, and the mesh as a whole. */
import { type Command, Option } from 'commander';
import { BEGUN } from './context.ts';
import {
	expectAvailability,
	expectSecurity,
	judgeExpectations,
	recordMissed,
	recordVerdict,
	verdictKinds,
} from './expectations.ts';
import { certificatesBy, HEARTBEAT_SECONDS, judgeAvailability, judgeSecurity, type SecurityQuestion } from './judge.ts';
import { leak, reset, scan, steady } from './mesh-state.ts';
import { kubeconfigOf } from './nodes.ts';
import { pipelineNames, pipelinePin, replaceNode, runAsUser, setUserKubeconfig } from './programs.ts';
import { resetPlace } from './reset.ts';
import { checkNodeFiles, secretsOf, textsInside } from './scan.ts';
import { tokenOf } from './tokens.ts';
import { collect, lookUntil, type OnNodes, type OnServices, oneOf, type Until, untilOptions, whole } from './verbs.ts';

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

function addVerdicts(program: Command, there: OnNodes): void {
	verdictCommand(program, 'judge', 'give a verdict now').action(
		there(async (place, kind: string, flags: VerdictFlags) => {
			const verdict =
				oneOf('verdict', verdictKinds, kind) === 'security'
					? await judgeSecurity(place, securityQuestion(flags))
					: await judgeAvailability(place, { ready: flags.ready ?? [], withinSeconds: flags.within });
			await recordVerdict(place, verdict);
			return verdict;
		}),
	);
	verdictCommand(program, 'expect', 'record what the experiment expects, for steady to judge after the method')
		.option('--violated', 'security is expected to be violated')
		.action(
			there(async (place, kind: string, { violated, ...flags }: VerdictFlags & { violated?: true }) => {
				const expected = violated === true ? 'violated' : 'held';
				if (oneOf('verdict', verdictKinds, kind) === 'security')
					await expectSecurity(place, securityQuestion(flags), expected);
				else await expectAvailability(place, flags.ready ?? [], flags.within);
				return `${kind} is expected to be ${expected}`;
			}),
		);
	program.command('record-missed <probe>', { hidden: true }).action(
		there(async (place, probe: string) => {
			await recordMissed(place, probe);
			return '';
		}),
	);
	program.command('record-verdict <line>', { hidden: true }).action(
		there(async (place, line: string) => {
			await recordVerdict(place, line);
			return '';
		}),
	);
	program
		.command('expectations', { hidden: true })
		.requiredOption('--within <seconds>', 'how long availability may take', whole(0, 600))
		.action(
			there(async (place, { within }: { within: number }) => JSON.stringify(await judgeExpectations(place, within))),
		);
}

export function addLooking(program: Command, there: OnNodes, here: OnServices, state: string): void {
	addVerdicts(program, there);
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
		.command('kubeconfig <action>')
		.description('add or remove the kubeconfig of the user that `kubectl --user` runs as')
		.action(
			there(async (place, action: string) => {
				const isAdded = oneOf('action', ['add', 'remove'], action) === 'add';
				await setUserKubeconfig(place, isAdded);
				return `the kubeconfig is ${isAdded ? 'added' : 'removed'}`;
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
		.description('whether every service runs unchanged, every node sends heartbeats, and every verdict is as expected')
		.option('--within <seconds>', 'for how long it is waited for', whole(0, 600), HEARTBEAT_SECONDS)
		.action(here((driver, { within }: { within: number }) => steady(driver, within)));
	program.command('reset').description('everything as it was before: can be called at any time').action(here(reset));
	program.command('reset-nodes', { hidden: true }).action(there(async (place) => (await resetPlace(place)).join('\n')));
	program
		.command('begun', { hidden: true })
		.action(there(async (place) => String((await place.read<number>(BEGUN)) ?? 0)));
	program.command('texts', { hidden: true }).action(there(async (place) => JSON.stringify(await textsInside(place))));
	program
		.command('node-files', { hidden: true })
		.action(there(async (place) => JSON.stringify(await checkNodeFiles(place, await secretsOf(place)))));
	program
		.command('scan')
		.description('look for secrets in logs, traces, journals and command lines')
		.option('--judge', 'with the verdict')
		.action(here((driver, { judge }: { judge?: true }) => scan(driver, judge === true, state)));
	program
		.command('leak <action>')
		.description('plant a secret that scan must find, or remove it')
		.action(
			here(async (driver, action: string) =>
				leak(driver, oneOf('action', ['plant', 'remove'], action) === 'plant', state),
			),
		);
}
