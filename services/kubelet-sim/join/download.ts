/** Downloads a discovery file. The server is verified with the CAs of the machine, as a browser does it. */
import { get } from 'node:https';
import * as tls from 'node:tls';
import { withTimeout } from '../../../lib/abort.ts';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { limits } from '../../../lib/limits.ts';
import { quoteInput } from '../../../lib/text.ts';

/** @throws DISCOVERY_FILE_INVALID  not reached or not verified in time, a status other than 200, or too long */
export function download(url: string, timeoutMs: number, stopping: AbortSignal): Promise<Buffer> {
	const signal = withTimeout(stopping, timeoutMs);
	const max = limits.yamlBytes.value;
	const shown = quoteInput(url).slice(1, -1);
	return new Promise((resolve, reject) => {
		const refuse = (problem: string) => reject(new KubejoinError('DISCOVERY_FILE_INVALID', { problem }));
		const request = get(url, { signal, ca: machineCas(), agent: false }, (response) => {
			const { statusCode = 0 } = response;
			if (statusCode !== 200) {
				refuse(`error trying to fetch discovery kubeconfig over HTTPS from ${shown}, received status ${statusCode}`);
				request.destroy();
				return;
			}
			const chunks: Buffer[] = [];
			let length = 0;
			response.on('data', (chunk: Buffer) => {
				length += chunk.length;
				chunks.push(chunk);
				if (length <= max) return;
				refuse(`the discovery kubeconfig at ${shown} is longer than ${max} bytes`);
				request.destroy();
			});
			response.on('end', () => resolve(Buffer.concat(chunks)));
			response.on('error', (error) => refuse(`Get "${shown}": ${causeText(error)}`));
		});
		request.on('error', (error) => refuse(`Get "${shown}": ${causeText(error)}`));
	});
}

/** Those of the operating system and of NODE_EXTRA_CA_CERTS, where Node can read them; else those of Node. */
function machineCas(): string[] | undefined {
	const { getCACertificates } = tls as { getCACertificates?: (type: 'default' | 'system') => string[] };
	return getCACertificates && [...getCACertificates('default'), ...getCACertificates('system')];
}
