/** A user of the experiment with a home directory, who finds a kubeconfig there or not. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../../lib/files.ts';
import { type LabContext, recordStart } from '../context.ts';
import type { Result } from '../result.ts';

const homeOf = ({ directory }: LabContext): string => join(directory, 'home');
const configOf = (context: LabContext): string => join(homeOf(context), '.kube/config');

/** Add or remove the kubeconfig of the user. */
export async function setUserKubeconfig(context: LabContext, isPresent: boolean): Promise<void> {
	await recordStart(context);
	await makePrivateDirectory(join(homeOf(context), '.kube'));
	if (isPresent) await writeWholeFile(configOf(context), (await readFileIfThere(context.info.kubeconfig)) ?? '', 0o600);
	else await rm(configOf(context), { force: true });
}

/** Run kubectl-sim with the home directory of the user. */
export const runAsUser = (context: LabContext, args: readonly string[]): Promise<Result> =>
	context.run('kubectl-sim', args, { variables: { HOME: homeOf(context) } });
