import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isListed, readJoinConfig } from './join-config.ts';

const token = 'abcdef.0123456789abcdef';

describe('the join configuration of a mesh', () => {
	it('is read from a file of kubectl-sim, and from no other', async () => {
		const directory = mkdtempSync(join(tmpdir(), 'kubejoin-config-'));
		const path = join(directory, 'join.yaml');
		try {
			assert.equal(await readJoinConfig(path), undefined);
			writeFileSync(
				path,
				['discovery:', '  bootstrapToken:', '    apiServerEndpoint: h:6443', '    caCertHashes:', '    - sha256:ab']
					.concat(`    token: ${token}`, '')
					.join('\n'),
			);
			assert.deepEqual(await readJoinConfig(path), { endpoint: 'h:6443', token, hash: 'sha256:ab' });
			for (const text of ['', 'a: [', 'discovery: 1', 'discovery: {bootstrapToken: {}}']) {
				writeFileSync(path, text);
				assert.equal(await readJoinConfig(path), undefined, text);
			}
		} finally {
			rmSync(directory, { recursive: true });
		}
	});

	it('is reused while its token is valid for an hour', () => {
		const list = (ttl: string) =>
			`TOKEN                     TTL         EXPIRES\n${token}   ${ttl}         2026-11-25T12:53:36Z\n`;
		assert.deepEqual(
			['23h', '2d', '<forever>', '59m', '<invalid>'].map((ttl) => isListed(list(ttl), token)),
			[true, true, true, false, false],
		);
		assert.equal(isListed(list('23h'), 'abcdef.0123456789abcdeX'), false);
		assert.equal(isListed('', token), false);
	});
});
