/** `kubectl version`: this client's, which is always known, and the server's. */
import { kubernetesVersion } from '../../lib/kube/version.ts';
import { printable } from '../../lib/text.ts';
import type { Output } from './output.ts';
import { toJson, toYaml } from './print-object.ts';

/** @source apimachinery pkg/version Info */
export type VersionInfo = { readonly [Field in keyof typeof kubernetesVersion]: string };

/**
 * @param fetchServerVersion  absent: only the client's is wanted
 * @throws what fetching throws, after the client's version was printed
 * @source kubectl pkg/cmd/version
 * @differs there is no Kustomize in here, so its version is left out
 */
export async function printVersion(
	format: 'json' | 'yaml' | undefined,
	fetchServerVersion: (() => Promise<VersionInfo>) | undefined,
	output: Output,
): Promise<void> {
	const [server] = await Promise.allSettled([fetchServerVersion?.()]);
	const serverVersion = server.status === 'fulfilled' ? server.value : undefined;
	const versions = { clientVersion: kubernetesVersion, ...(serverVersion === undefined ? {} : { serverVersion }) };
	if (format === 'json') output.out(toJson(versions, 2));
	else if (format === 'yaml') output.out(`${await toYaml(versions)}\n`);
	else {
		output.out(`Client Version: ${kubernetesVersion.gitVersion}\n`);
		if (serverVersion !== undefined) output.out(`Server Version: ${printable(String(serverVersion.gitVersion))}\n`);
	}
	if (server.status === 'rejected') throw server.reason;
}
