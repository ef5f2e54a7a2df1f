/** docs/conformance-results.json: the commands whose answers differ, by client. The suite compares or writes it. */
import { readFileSync } from 'node:fs';
import { environment } from '../../lib/config.ts';
import { writeWholeFile } from '../../lib/files.ts';
import { projectPath } from '../../lib/paths.ts';
import type { ClientVersion } from './clients.ts';

export interface Results {
	/** `v1.37.1` */
	readonly clients: Readonly<Record<ClientVersion, string>>;
	/** By the name of the command: the clients whose answer differs. */
	readonly different: Readonly<Record<string, readonly ClientVersion[]>>;
}

const RESULTS_FILE = 'docs/conformance-results.json';

export const readResults = (): Results => JSON.parse(readFileSync(projectPath(RESULTS_FILE), 'utf8')) as Results;

/** Set TEST_KUBECTL_RECORD=1 to write the results and not to compare them. */
export const isRecording = (): boolean => environment().TEST_KUBECTL_RECORD === '1';

export async function writeResults(results: Results): Promise<void> {
	// In the style of the formatter: a short list is on one line.
	const text = JSON.stringify(results, null, 2).replace(
		/\[\s+([^\]]*?)\s+\]/g,
		(_, list: string) => `[${list.replace(/\s+/g, ' ')}]`,
	);
	await writeWholeFile(projectPath(RESULTS_FILE), `${text}\n`, 0o644);
}
