import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { danglingLinkOf } from './dangling-link.ts';
import { causeText, KubejoinError } from './errors.ts';
import { makePrivateDirectory, writeWholeFile } from './files.ts';

describe('a dangling symbolic link', () => {
	let folder: string;
	let target: string;
	let link: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-link-'));
		[target, link] = [join(folder, 'gone'), join(folder, 'link')];
		symlinkSync('gone', link);
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	it('is found in the path, in a directory of it, and behind another link', () => {
		const second = join(folder, 'second');
		symlinkSync(link, second);
		for (const path of [link, join(link, 'a', 'b'), second]) assert.deepEqual(danglingLinkOf(path), { link, target });
	});

	it('is not a link to a file, a loop, a missing file, or a path through a file', () => {
		writeFileSync(target, '');
		symlinkSync('loop', join(folder, 'loop'));
		for (const path of [link, join(folder, 'loop'), join(folder, 'none'), join(target, 'a'), '/', ''])
			assert.equal(danglingLinkOf(path), undefined, path);
	});

	it('is named by the error of a directory that cannot be made and of a file that is missing, with a remedy', async () => {
		const text = `${link} is a symbolic link to ${target}, which does not exist`;
		const remedy = 'Create the target of this symbolic link, or choose another path';
		for (const [path, use, problem] of [
			[link, makePrivateDirectory, text],
			[join(link, 'a'), makePrivateDirectory, text],
			[join(link, 'a'), (path: string) => writeWholeFile(path, '', 0o600), `no such file or directory: ${text}`],
			[link, (path: string) => readFileSync(path), `no such file or directory: ${text}`],
		] as const) {
			const thrown = await (async () => use(path))().catch((error: unknown) => error);
			const error =
				thrown instanceof KubejoinError
					? thrown
					: new KubejoinError('FILE_UNUSABLE', { path, problem: causeText(thrown) });
			assert.deepEqual([error.message, error.remedy], [`${path}: ${problem}`, remedy]);
		}
		mkdirSync(target);
		await makePrivateDirectory(join(link, 'a'));
	});
});
