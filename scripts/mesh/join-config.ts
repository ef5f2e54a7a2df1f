/** The JoinConfiguration file of a mesh on this machine, with the token for its nodes. */
import { readFileIfThere } from '../../lib/files.ts';

/** The fields that are read here. The file is not validated, so each of them can be missing. */
interface JoinDocument {
	readonly discovery: {
		readonly bootstrapToken: {
			readonly apiServerEndpoint: unknown;
			readonly token: unknown;
			readonly caCertHashes: readonly unknown[];
		};
	};
}

export interface JoinConfig {
	readonly endpoint: string;
	readonly token: string;
	/** `sha256:…` */
	readonly hash: string;
}

/** @returns undefined when the file does not exist, or is not one that kubectl-sim wrote */
export async function readJoinConfig(path: string): Promise<JoinConfig | undefined> {
	const text = await readFileIfThere(path);
	if (text === undefined) return undefined;
	const { readYamlFile } = await import('../../lib/yaml.ts');
	try {
		const { discovery } = readYamlFile(path, text) as JoinDocument;
		const { apiServerEndpoint: endpoint, token, caCertHashes } = discovery.bootstrapToken;
		const [hash] = caCertHashes;
		return typeof endpoint === 'string' && typeof token === 'string' && typeof hash === 'string'
			? { endpoint, token, hash }
			: undefined;
	} catch {
		return undefined;
	}
}

/** Whether the output of `kubectl-sim token list` has this token, and it is valid for at least an hour. */
export const isListed = (tokenList: string, token: string): boolean =>
	tokenList.split('\n').some((line) => line.startsWith(`${token} `) && /^\S+\s+(\d+[hd]|<forever>)/.test(line));
