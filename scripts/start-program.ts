/**
 * Starts a bundled command with the code that V8 compiled in an earlier start. Node's own cache, which Node 20 lacks,
 * has only the functions that V8 compiles before the program runs.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { growHeapByDefault } from '../lib/heap.ts';

/**
 * @param file    of a CommonJS module in ASCII without `import()`, which exports the end of the program
 * @param digest  of the file: V8 compares only the length of its text with that of the compiled one
 * @param cache   the directory of compiled code; undefined: compile again
 */
export async function startProgram(file: string, digest: string, cache: string | undefined): Promise<void> {
	const require = createRequire(file);
	// Node applies source maps to modules that it loads itself.
	if (cache === undefined || process.sourceMapsEnabled) return await require(file);
	const path = join(cache, `${process.version}-${process.arch}-${digest}`);
	const cachedData = readCode(path);
	const text = Module.wrap(readFileSync(file, 'latin1'));
	const script = new Script(text, { filename: file, cachedData });
	if (cachedData === undefined || script.cachedDataRejected)
		process.once('exit', () => {
			// V8 refuses the code of a process with other flags.
			growHeapByDefault();
			writeCode(path, script.createCachedData());
		});
	const module = { exports: Promise.resolve() };
	script.runInThisContext()(module.exports, require, module, file, dirname(file));
	await module.exports;
}

const DIGEST_BYTES = 32;
const digestOf = (code: Buffer): Buffer => createHash('sha256').update(code).digest();

/** V8 does not check it, and would run code that another user wrote, or half of it. */
export function readCode(path: string): Buffer | undefined {
	try {
		const found = statSync(path);
		if (!found.isFile() || found.uid !== (process.getuid?.() ?? found.uid)) return undefined;
		const bytes = readFileSync(path);
		const code = bytes.subarray(DIGEST_BYTES);
		return digestOf(code).equals(bytes.subarray(0, DIGEST_BYTES)) ? code : undefined;
	} catch {
		return undefined;
	}
}

export function writeCode(path: string, code: Buffer): void {
	const temporary = `${path}.${process.pid}`;
	try {
		mkdirSync(dirname(path), { recursive: true });
		try {
			writeFileSync(temporary, Buffer.concat([digestOf(code), code]), { mode: 0o600, flag: 'wx' });
			renameSync(temporary, path);
		} finally {
			rmSync(temporary, { force: true });
		}
	} catch {
		// A program runs without it, as on a full disk, and on one that cannot be written.
	}
}
