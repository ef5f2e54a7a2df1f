/** Recordings, a JSON value a line. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export const recordedLines = <T>(file: string): readonly T[] =>
	gunzipSync(readFileSync(new URL(file, import.meta.url)))
		.toString()
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line) as T);
