/** Replaces a Node with the kubeconfig of another node. */
import { join } from 'node:path';
import { writeWholeFile } from '../../../lib/files.ts';
import type { LabContext } from '../context.ts';
import type { Result } from '../result.ts';

/** Add a label to a Node. The lab reads the Node as the admin, because the other node cannot. */
export async function replaceNode(context: LabContext, name: string, kubeconfig: string): Promise<Result> {
	const { apiVersion, kind, metadata, spec, status } = await context.api.nodes.get(name);
	const { labels, annotations } = metadata;
	const node = {
		apiVersion,
		kind,
		metadata: { name, labels: { ...labels, 'x.example/mine': 'yes' }, ...(annotations ? { annotations } : {}) },
		spec,
		status,
	};
	const path = join(context.directory, 'replaced-node.json');
	await writeWholeFile(path, JSON.stringify(node), 0o600);
	const { code, stdout, stderr } = await context.kubectl(['replace', '-f', path], kubeconfig);
	return { code, stdout: stdout + stderr, stderr: '' };
}
