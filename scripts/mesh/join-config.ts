/** The JoinConfiguration file of a mesh on this machine, which holds the token that its nodes join with. */

import { parse } from 'yaml';
import { readFileIfThere } from '../../lib/files.ts';

export interface JoinConfig {
	readonly endpoint: string;
	readonly token: string;
	/** `sha256:…` */
	readonly hash: string;
}

/** @returns undefined when there is no such file, or it is not what kubectl-sim writes */
export async function readJoinConfig(path: string): Promise<JoinConfig | undefined> {
	const text = await readFileIfThere(path);
	try {
		const { apiServerEndpoint: endpoint, token, caCertHashes } = parse(text ?? '').discovery.bootstrapToken;
		return typeof endpoint === 'string' && typeof token === 'string' && typeof caCertHashes[0] === 'string'
			? { endpoint, token, hash: caCertHashes[0] }
			: undefined;
	} catch {
		return undefined;
	}
}

/** Whether the token has an hour or more to live, by what `kubectl-sim token list` prints. */
export const isListed = (tokenList: string, token: string): boolean =>
	tokenList.split('\n').some((line) => line.startsWith(`${token} `) && /^\S+\s+(\d+[hd]|<forever>)/.test(line));
