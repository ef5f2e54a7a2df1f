/** The JSON lines of a compressed file in this folder, which is not built. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { projectPath } from '../../../lib/paths.ts';

export const recordedLines = <T>(name: string): readonly T[] =>
	gunzipSync(readFileSync(projectPath('services/apiserver-sim/golden', name)))
		.toString()
		.trimEnd()
		.split('\n')
		.map((line) => JSON.parse(line));
