/** Commands that judge security and availability, now or after the method of an experiment. */
import type { Command } from 'commander';
import { expectAvailability, expectSecurity, recordVerdict, verdictKinds } from '../verdicts/expectations.ts';
import { HEARTBEAT_SECONDS, judgeAvailability, judgeSecurity, type SecurityQuestion } from '../verdicts/judge.ts';
import { type CommandContext, collect, oneOf, whole } from './arguments.ts';

/** For an absent flag that begins with `--no-`, commander sets true. */
interface SecurityFlags {
	readonly attacker?: readonly string[];
	readonly untouched?: readonly string[];
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
	noIdentity: valuesOf(flags.identity),
	stolen: flags.stolen ?? [],
	lockedOut: flags.lockedOut ?? [],
	noCertificateOnDisk: valuesOf(flags.certificateOnDisk),
	oneCertificate: flags.oneCertificate ?? [],
	noRestrictedLabels: !flags.restrictedLabels,
	attemptsRefused: flags.attemptsRefused === true,
	noHalfJoined: !flags.halfJoined,
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
		.option('--one-certificate <node>', 'the CA must have issued exactly one certificate for it', collect)
		.option('--no-restricted-labels', 'no node has a label that only admins can set')
		.option('--attempts-refused', 'every request with a stolen credential was refused')
		.option('--no-half-joined', 'every node has joined or has no identity')
		.option('--ready <node>', 'of the experiment, must be Ready and send a heartbeat', collect)
		.option('--within <seconds>', 'how long availability can take', whole(0, 600), HEARTBEAT_SECONDS);

export function addVerdicts(program: Command, { onNodes }: CommandContext): void {
	verdictCommand(program, 'judge', 'print a verdict now').action(
		onNodes(async (context, kind: string, flags: VerdictFlags) => {
			const verdict =
				oneOf('verdict', verdictKinds, kind) === 'security'
					? await judgeSecurity(context, securityQuestion(flags))
					: await judgeAvailability(context, { ready: flags.ready ?? [], withinSeconds: flags.within });
			await recordVerdict(context, verdict);
			return verdict;
		}),
	);
	verdictCommand(program, 'expect', 'record an expectation that steady judges after the method')
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
}
