/** Commands that change objects of the cluster or request certificates. */
import type { Command } from 'commander';
import { wellKnown } from '../../../lib/kube/types.ts';
import type { LabContext } from '../context.ts';
import { decideRequests } from '../faults/approve-csr.ts';
import { replaceNode } from '../faults/replace-node.ts';
import { removeBinding } from '../faults/role-bindings.ts';
import { kubeconfigOf } from '../nodes.ts';
import { tokenOf } from '../tokens.ts';
import { recordVerdict } from '../verdicts/expectations.ts';
import { certificatesBy } from '../verdicts/judge.ts';
import { openSigner, signAgain } from '../verdicts/sign-again.ts';
import { type CommandContext, oneOf, whole } from './arguments.ts';

export function addCluster(program: Command, context: CommandContext): void {
	addRequests(program, context);
	addSignAgain(program, context);
	addObjects(program, context);
}

function addRequests(program: Command, { onNodes }: CommandContext): void {
	program
		.command('csr <decision>')
		.description('approve or deny the pending requests of a requester')
		.requiredOption('--from <requester>', 'system:node:NAME, or token:NAME')
		.option('--within <seconds>', 'how long to wait for a request', whole(1, 600), 60)
		.action(
			onNodes(async (context, word: string, { from, within }: { from: string; within: number }) => {
				const decision = oneOf('decision', ['approve', 'deny'], word);
				const requester = await requesterOf(context, from);
				return `${decision}: ${(await decideRequests(context, decision, requester, within)).join(', ')}`;
			}),
		);
	program
		.command('certificates <token>')
		.description('count the certificates that were issued to holders of a token')
		.action(
			onNodes(async (context, token: string) => {
				const { id } = await tokenOf(context, token);
				return `certificates: ${await certificatesBy(context, id)}`;
			}),
		);
}

const requesterOf = async (context: LabContext, from: string): Promise<string> =>
	from.startsWith('token:')
		? `${wellKnown.bootstrapUserPrefix}${(await tokenOf(context, from.slice('token:'.length))).id}`
		: from;

function addSignAgain(program: Command, { onNodes, onServices }: CommandContext): void {
	program
		.command('sign-again <node>')
		.description('send the request of a node to ca-service again, which must return the certificate that it has issued')
		.option('--stolen <directory>', "with the controller's credentials; default: steal them first")
		.action(async (node: string, { stolen }: { stolen?: string }, command: Command) => {
			if (stolen === undefined) {
				await onServices(async (driver, name: string) =>
					driver.lab.runCommand(['sign-again', '--stolen', await driver.steal('signing-client'), name]),
				)(node, command);
				return;
			}
			await onNodes((context, name: string) => signAgainAndRecord(context, name, stolen))(node, command);
		});
}

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

function addObjects(program: Command, { onNodes }: CommandContext): void {
	const binding = program.command('binding').description('change ClusterRoleBindings');
	binding
		.command('remove <name>')
		.description('remove a ClusterRoleBinding until reset')
		.action(
			onNodes(async (context, name: string) => {
				await removeBinding(context, name);
				return `${name} is removed`;
			}),
		);
	program
		.command('replace-node <node>')
		.description('replace a Node without reading it first, with one more label')
		.requiredOption('--as <node>', 'with the kubeconfig of this node')
		.action(
			onNodes(async (context, node: string, { as }: { as: string }) =>
				replaceNode(context, node, await kubeconfigOf(context, as)),
			),
		);
}
