/** Removes ClusterRoleBindings for the duration of an experiment. A copy is stored first, for `reset` after a crash. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../../lib/files.ts';
import type { LabContext } from '../context.ts';

const directoryOf = ({ directory }: LabContext): string => join(directory, 'bindings');

/** @throws SERVICE_FAILED  it does not exist, or cannot be deleted */
export async function removeBinding(context: LabContext, name: string): Promise<void> {
	await makePrivateDirectory(directoryOf(context));
	const got = await context.kubectl(['get', 'clusterrolebinding', name, '-o', 'json']);
	if (got.code !== 0)
		throw new KubejoinError('SERVICE_FAILED', {
			service: 'kubectl-sim get clusterrolebinding',
			problem: got.stderr.trim(),
		});
	const { apiVersion, kind, metadata, subjects, roleRef } = JSON.parse(got.stdout) as {
		readonly metadata: { readonly name: string; readonly labels?: object; readonly annotations?: object };
		readonly [field: string]: unknown;
	};
	const { labels, annotations } = metadata;
	const kept = {
		apiVersion,
		kind,
		metadata: { name, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) },
		subjects,
		roleRef,
	};
	await writeWholeFile(join(directoryOf(context), `${encodeURIComponent(name)}.json`), JSON.stringify(kept), 0o600);
	const deleted = await context.kubectl(['delete', 'clusterrolebinding', name]);
	if (deleted.code !== 0)
		throw new KubejoinError('SERVICE_FAILED', {
			service: 'kubectl-sim delete clusterrolebinding',
			problem: deleted.stderr.trim(),
		});
}

/** Create the removed bindings again, unless they exist. @returns their names @throws SERVICE_FAILED */
export async function restoreBindings(context: LabContext): Promise<readonly string[]> {
	const files = await readdir(directoryOf(context)).catch(() => []);
	for (const file of files) {
		const path = join(directoryOf(context), file);
		if ((await readFileIfThere(path)) === undefined) continue;
		const { code, stderr } = await context.kubectl(['create', '-f', path]);
		if (code !== 0 && !stderr.includes('already exists'))
			throw new KubejoinError('SERVICE_FAILED', { service: 'kubectl-sim create', problem: stderr.trim() });
		await rm(path, { force: true });
	}
	return files.map((file) => decodeURIComponent(file.replace(/\.json$/, '')));
}
