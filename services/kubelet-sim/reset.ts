/**
 * `kubelet-sim reset`: removes the files that a join wrote.
 *
 * @source kubeadm cmd/reset.go, cmd/phases/reset
 * @differs the directories are below --root; there is no kubelet service, no mount and no container to end
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { printedText } from '../../lib/chinese/index.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { type NodePaths, nodePaths } from '../../lib/node-paths.ts';
import { terminalText } from '../../lib/text.ts';
import { loadIdentity } from './identity.ts';
import { defaultRoot } from './nodes.ts';

export interface ResetFlags {
	readonly nodeName?: string;
	readonly root?: string;
	readonly force?: boolean;
	readonly dryRun?: boolean;
}
/** The parts of a process that a reset uses. */
export interface Terminal {
	readonly stdin: NodeJS.ReadableStream;
	readonly stdout: { readonly write: (text: string) => unknown };
	readonly stderr: { readonly write: (text: string) => unknown };
}

const manualCleanup = `
The reset process does not perform cleanup of CNI plugin configuration,
network filtering rules and kubeconfig files.

For information on how to perform this cleanup manually, please see:
    https://k8s.io/docs/reference/setup-tools/kubeadm/kubeadm-reset/

`;

/** @throws RESET_NOT_CONFIRMED */
export async function runReset(flags: ResetFlags, { stdin, stdout, stderr }: Terminal): Promise<void> {
	const say = (line: string): void => void stdout.write(terminalText(`${printedText(line)}\n`));
	const warn = (line: string): void => void stderr.write(terminalText(`${line}\n`));
	const { force = false, dryRun = false } = flags;
	const name = (flags.nodeName || hostname()).trim().toLowerCase();
	const paths = nodePaths(flags.root ?? defaultRoot(name));
	const { root, kubernetesDirectory, kubeletDirectory } = paths;
	const nodeName = flags.nodeName ? name : ((await joinedName(paths)) ?? name);
	if (!force && !dryRun) {
		warn("[reset] WARNING: Changes made to this host by 'kubelet-sim join' will be reverted.");
		stdout.write('[reset] Are you sure you want to proceed? [y/N]: ');
		if (!/^y(es)?$/i.test(await firstLine(stdin))) throw new KubejoinError('RESET_NOT_CONFIRMED', {});
	}
	say('[preflight] Running pre-flight checks');
	const directories = [join(kubernetesDirectory, 'manifests'), kubeletDirectory, join(kubernetesDirectory, 'pki')];
	const files = ['admin', 'super-admin', 'kubelet', 'bootstrap-kubelet', 'controller-manager', 'scheduler'].map((one) =>
		join(kubernetesDirectory, `${one}.conf`),
	);
	if (dryRun) {
		say(`[dryrun] Would delete contents of directories: [${directories.join(' ')}]`);
		say(`[dryrun] Would delete files: [${files.join(' ')}]`);
		return;
	}
	say(`[reset] Deleting contents of directories: [${directories.join(' ')}]`);
	for (const directory of directories)
		await emptyDirectory(directory).catch((error: unknown) =>
			warn(`[reset] Failed to delete contents of "${directory}" directory: ${causeText(error)}`),
		);
	say(`[reset] Deleting files: [${files.join(' ')}]`);
	for (const file of files)
		await rm(file, { recursive: true, force: true }).catch((error: unknown) =>
			warn(`[reset] Failed to remove file: "${file}" [${causeText(error)}]`),
		);
	say(`[reset] The Node object stays in the cluster; delete it with: kubectl-sim delete node ${nodeName}`);
	say(`[reset] A kubelet-sim that still uses ${root} keeps running until you stop it`);
	stdout.write(manualCleanup);
}

/** Of the certificate; undefined without a valid one. */
const joinedName = async (paths: NodePaths): Promise<string | undefined> =>
	(await loadIdentity(paths).catch(() => undefined))?.nodeName;

/** Empty at the end of the input. */
async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
	const lines = createInterface({ input });
	try {
		for await (const line of lines) return line.trim();
		return '';
	} finally {
		lines.close();
	}
}

/** Keeps the directory itself. */
async function emptyDirectory(directory: string): Promise<void> {
	const found = await stat(directory).catch(() => undefined);
	if (found === undefined) return;
	for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
}
