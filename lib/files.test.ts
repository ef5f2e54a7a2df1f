import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from './errors.ts';
import { makePrivateDirectory, readFileIfThere, writeUnflushedFile, writeWholeFile, writeWholeFiles } from './files.ts';

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

	it('makes a directory private to its owner, also an existing one', async () => {
		await makePrivateDirectory(at('a', 'b'));
		assert.deepEqual(await Promise.all([at('a'), at('a', 'b')].map(modeOf)), [0o700, 0o700]);
		await chmod(at('a'), 0o755);
		await makePrivateDirectory(at('a'));
		assert.equal(await modeOf(at('a')), 0o700);
		await writeFile(at('file'), '');
		await unusable(makePrivateDirectory(at('file')));
	});
});
