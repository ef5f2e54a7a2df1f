import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from './errors.ts';
import {
	linesOf,
	makePrivateDirectory,
	readBytes,
	readFileIfThere,
	readText,
	removeFile,
	writeUnflushedFile,
	writeWholeFile,
	writeWholeFiles,
} from './files.ts';
import { limits } from './limits.ts';

const secret = 'the contents';
const unusable = (work: Promise<unknown>) =>
	assert.rejects(
		work,
		(error) => hasCode(error, 'FILE_UNUSABLE') && !JSON.stringify([error, error.message]).includes(secret),
	);
const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('files', () => {
	let directory: string;
	const at = (...names: string[]) => join(directory, ...names);
	beforeEach(async () => {
		directory = await mkdtemp(join(tmpdir(), 'files-'));
	});
	afterEach(() => rm(directory, { recursive: true }));

	it('removes a file, and nothing where none can be; a directory is an error', async () => {
		await writeFile(at('file'), '');
		removeFile(at('file', 'below'));
		removeFile(at('file'));
		removeFile(at('file'));
		assert.deepEqual(await readdir(directory), []);
		assert.throws(
			() => removeFile(directory),
			(error) => hasCode(error, 'FILE_UNUSABLE'),
		);
	});

	it('creates and replaces a file with the requested mode', async () => {
		await writeWholeFile(at('key'), 'one', 0o600);
		assert.deepEqual([await readFileIfThere(at('key')), await modeOf(at('key'))], ['one', 0o600]);
		await writeWholeFile(at('key'), 'two', 0o644);
		assert.deepEqual([await readFileIfThere(at('key')), await modeOf(at('key'))], ['two', 0o644]);
		await writeWholeFile(at('key'), 'three', 0o600);
		assert.deepEqual([await modeOf(at('key')), await readdir(directory)], [0o600, ['key']]);
	});

	it('ignores a file that an earlier run left half written, and its mode', async () => {
		await writeFile(at('key.tmp'), 'half', { mode: 0o644 });
		await writeWholeFile(at('key'), 'whole', 0o600);
		assert.deepEqual([await readdir(directory), await modeOf(at('key'))], [['key'], 0o600]);
	});

	it('replaces a link instead of following it', async () => {
		await writeFile(at('target'), 'before');
		await symlink(at('target'), at('link'));
		await symlink(at('target'), at('link.tmp'));
		await writeWholeFile(at('link'), 'after', 0o600);
		assert.equal(await readFile(at('target'), 'utf8'), 'before');
		assert.equal(await readFile(at('link'), 'utf8'), 'after');
	});

	it('FILE_UNUSABLE: leaves no file behind and does not repeat the contents', async () => {
		await unusable(writeWholeFile(at('none', 'key'), secret, 0o600));
		await mkdir(at('directory'));
		await unusable(writeWholeFile(at('directory'), secret, 0o600));
		assert.deepEqual(await readdir(directory), ['directory']);
	});

	it('replaces several files and links, in several directories, or leaves no temporary one behind', async () => {
		await mkdir(at('other'));
		const entries = [
			{ path: at('one'), contents: 'one', mode: 0o600 },
			{ path: at('link'), target: 'one' },
			{ path: at('other', 'two'), contents: 'two', mode: 0o644 },
		] as const;
		await writeWholeFiles(entries);
		assert.deepEqual([await readFile(at('link'), 'utf8'), await readFile(at('other', 'two'), 'utf8')], ['one', 'two']);
		await unusable(writeWholeFiles([...entries, { path: at('none', 'three'), contents: secret, mode: 0o600 }]));
		assert.deepEqual([await readdir(directory), await readdir(at('other'))], [['link', 'one', 'other'], ['two']]);
	});

	it('writes a file that is not flushed with the requested mode, and as a whole', async () => {
		writeUnflushedFile({ path: at('key'), contents: 'one', mode: 0o600 });
		assert.deepEqual([await readFileIfThere(at('key')), await modeOf(at('key'))], ['one', 0o600]);
		assert.throws(
			() => writeUnflushedFile({ path: at('none', 'key'), contents: secret, mode: 0o600 }),
			(error) => hasCode(error, 'FILE_UNUSABLE'),
		);
		assert.deepEqual(await readdir(directory), ['key']);
	});

	it('returns undefined for a missing file, and FILE_UNUSABLE for one that cannot be read', async () => {
		assert.equal(await readFileIfThere(at('none')), undefined);
		await unusable(readFileIfThere(directory));
	});

	it('refuses a FIFO, a socket and a device, and waits for no other program', async () => {
		spawnSync('mkfifo', [at('fifo')]);
		// A reader that opens the FIFO is given a line, so that a broken one fails this test instead of blocking it.
		const writer = spawn('sh', ['-c', 'exec echo line > "$0"', at('fifo')], { stdio: 'ignore' });
		const server = createServer().listen(at('socket'));
		await once(server, 'listening');
		try {
			for (const [path, problem] of [
				[at('fifo'), 'is a FIFO, not a regular file'],
				[at('socket'), 'is a socket, not a regular file'],
				['/dev/zero', 'is a device, not a regular file'],
			] as const) {
				for (const read of [() => readText(path), () => readBytes(path, 10), () => [...linesOf(path, 10)]])
					assert.throws(read, { message: problem });
				await unusable(readFileIfThere(path));
			}
			await symlink(at('fifo'), at('link'));
			assert.throws(() => readText(at('link')), { message: 'is a FIFO, not a regular file' });
		} finally {
			writer.kill('SIGKILL');
			server.close();
		}
	});

	it('reads a pipe that the caller of the program opened', () => {
		spawnSync('mkfifo', [at('fifo')]);
		const pipe = openSync(at('fifo'), constants.O_RDWR);
		try {
			writeSync(pipe, 'ab');
			for (const [directory, letter] of [
				['/dev/fd', 'a'],
				['/proc/self/fd', 'b'],
			])
				assert.equal(readBytes(`${directory}/${pipe}`, 0).toString(), letter);
		} finally {
			closeSync(pipe);
		}
	});

	it('refuses a file that is longer than its limit, also a huge one', () => {
		writeFileSync(at('huge'), 'ab');
		assert.deepEqual([readText(at('huge'), 2), readBytes(at('huge'), 0).toString()], ['ab', 'a']);
		assert.throws(() => readText(at('huge'), 1), { message: 'is longer than 1 bytes' });
		truncateSync(at('huge'), 1024 ** 4);
		assert.throws(() => readText(at('huge')), { message: `is longer than ${limits.fileBytes.value} bytes` });
		assert.throws(() => [...linesOf(at('huge'), 1024)], { message: 'line 1 is longer than 1024 bytes' });
	});

	it('reads the whole lines of a file of any length', () => {
		const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index} größe`);
		writeFileSync(at('lines'), `${lines.join('\n')}\ntorn`);
		assert.deepEqual([...linesOf(at('lines'), 1024)], lines);
		writeFileSync(at('lines'), `a\n\n${'b'.repeat(70_000)}\n`);
		assert.deepEqual(
			[...linesOf(at('lines'), 70_000)].map(({ length }) => length),
			[1, 0, 70_000],
		);
	});

	it('FILE_UNUSABLE: replaces no device, no FIFO and no open file of the process', async () => {
		spawnSync('mkfifo', [at('fifo')]);
		await symlink('/dev/null', at('null'));
		for (const path of [at('fifo'), at('null')]) await unusable(writeWholeFile(path, secret, 0o600));
		// The output of the process can be a regular file.
		const file = openSync(at('output'), 'w');
		for (const path of [`/dev/fd/${file}`, `/proc/self/fd/${file}`])
			await assert.rejects(writeWholeFile(path, secret, 0o600), /is an open file of this program/);
		closeSync(file);
		assert.deepEqual((await readdir(directory)).sort(), ['fifo', 'null', 'output']);
		assert.ok((await stat(at('fifo'))).isFIFO());
		assert.ok((await stat(at('null'))).isCharacterDevice());
	});

	it('makes a directory private to its owner, also an existing one', async () => {
		await makePrivateDirectory(at('a', 'b'));
		assert.deepEqual(await Promise.all([at('a'), at('a', 'b')].map(modeOf)), [0o700, 0o700]);
		await chmod(at('a'), 0o755);
		await makePrivateDirectory(at('a'));
		assert.equal(await modeOf(at('a')), 0o700);
		await writeFile(at('file'), '');
		await unusable(makePrivateDirectory(at('file')));
		await unusable(makePrivateDirectory(at('file', 'x')));
		await symlink(at('none'), at('dangling'));
		await unusable(makePrivateDirectory(at('dangling')));
	});

	it('refuses a path below a directory that denies that it exists', function () {
		if (!existsSync('/proc/self')) this.skip();
		// Without the check it never ends.
		const code = `(await import('${import.meta.dirname}/files.ts')).makeDirectories('/proc/kubejoin/x')`;
		const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
		const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
		assert.match(stderr, /ENOENT: no such file or directory, mkdir '\/proc\/kubejoin'/);
	});
});
