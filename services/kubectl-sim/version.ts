/** `kubectl version`: the versions of client and server. */
import { kubernetesVersion, type VersionInfo } from '../../lib/kube/version.ts';
import { printable } from '../../lib/text.ts';
import type { Output } from './output.ts';
import { toJson, toYaml } from './print-object.ts';

/**
 * @param fetchServerVersion  absent: print only the client's version
 * @throws the error of `fetchServerVersion`, after the client's version was printed
 * @source kubectl pkg/cmd/version
 * @differs prints no version of Kustomize, which is not included
 */
export async function printVersion(
	format: 'json' | 'yaml' | undefined,
	fetchServerVersion: (() => Promise<VersionInfo>) | undefined,
	output: Output,
): Promise<void> {
	const [server] = await Promise.allSettled([fetchServerVersion?.()]);
	const serverVersion = server.status === 'fulfilled' ? server.value : undefined;
	const versions = { clientVersion: kubernetesVersion, serverVersion };
	if (format === 'json') output.out(toJson(versions, 2));
	else if (format === 'yaml') output.out(`${await toYaml(versions)}\n`);
	else {
		output.out(`Client Version: ${kubernetesVersion.gitVersion}\n`);
		if (serverVersion !== undefined) output.out(`Server Version: ${printable(String(serverVersion.gitVersion))}\n`);
	}
	if (server.status === 'rejected') throw server.reason;
}
