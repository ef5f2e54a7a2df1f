/** The JoinConfiguration file of a mesh on this machine, with the token for its nodes. */
import { parse } from 'yaml';
import { readFileIfThere } from '../../lib/files.ts';

export interface JoinConfig {
	readonly endpoint: string;
	readonly token: string;
	/** `sha256:…` */
	readonly hash: string;
}

/** @returns undefined when the file does not exist, or is not one that kubectl-sim wrote */
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

/** Whether the output of `kubectl-sim token list` has this token, and it is valid for at least an hour. */
export const isListed = (tokenList: string, token: string): boolean =>
	tokenList.split('\n').some((line) => line.startsWith(`${token} `) && /^\S+\s+(\d+[hd]|<forever>)/.test(line));
