/**
 * `node dist/scripts/docs/record-terminal.js FILE`: records a real `npm start` in a terminal of 80 columns, without the
 * lines of npm itself, up to the end of the first join. Writes an animated SVG with the recorded times. Needs `script`
 * of util-linux.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Chunk, terminalSvg } from './terminal-svg.ts';

const COLUMNS = 80;
const UNTIL_JOINED = /^[\s\S]*? joined in [^\n]*\n/u;
const END_OF_START = 'Ctrl-C';
const CTRL_C = '\u0003';

async function record(state: string): Promise<Chunk[]> {
	const command = `stty cols ${COLUMNS} rows 40; exec node dist/bundle/scripts/up.js --state ${state}`;
	const startedMs = performance.now();
	const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
	const chunks: Chunk[] = [{ atMs: 0, text: '\u001b[1m$ npm start\u001b[22m\n' }];
	let all = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		const isJoining = !UNTIL_JOINED.test(all);
		const before = all.length;
		all += text;
		const end = UNTIL_JOINED.exec(all)?.[0].length ?? all.length;
		if (isJoining) chunks.push({ atMs: Math.round(performance.now() - startedMs), text: all.slice(before, end) });
		if (all.includes(END_OF_START) && !all.slice(0, before).includes(END_OF_START)) child.stdin.write(CTRL_C);
	});
	const [code] = await once(child, 'close');
	if (code !== 0) throw new Error(`npm start ended with exit code ${code}:\n${all}`);
	return chunks;
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node dist/scripts/docs/record-terminal.js FILE');
const state = mkdtempSync(join(tmpdir(), 'kubejoin-recording-'));
try {
	const title = 'npm start: the services start, and a node joins';
	writeFileSync(file, terminalSvg(title, await record(state), COLUMNS));
} finally {
	rmSync(state, { recursive: true, force: true });
}
