import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { requireStateDirectory } from './state-files.ts';

describe('a directory for a cluster', () => {
	let state: string;
	beforeEach(() => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-state-files-'));
	});
	afterEach(() => rmSync(state, { recursive: true }));
	const write = (...paths: string[]) => {
		for (const path of paths) {
			mkdirSync(dirname(join(state, path)), { recursive: true });
			writeFileSync(join(state, path), '');
		}
	};

	it('is absent, empty, or has the files of a failed start', () => {
		requireStateDirectory(join(state, 'none'));
		requireStateDirectory(state);
		write('lock', 'lock.7', 'logs/pki.log', 'pki/mesh-ca/mesh-ca.key.tmp');
		requireStateDirectory(state);
	});

	it('has no other files', () => {
		for (const path of ['notes.txt', 'logs/mine.txt', 'logs/app.log', 'chaos/mine.yaml', 'join.yaml', 'src/a.ts']) {
			write(path);
			assert.throws(
				() => requireStateDirectory(state),
				(error) => hasCode(error, 'STATE_NOT_EMPTY'),
				path,
			);
			rmSync(join(state, path));
			rmSync(dirname(join(state, path, '')), { recursive: true });
			mkdirSync(state, { recursive: true });
		}
	});

	it('has other files beside a cluster, also one of an earlier version', () => {
		write('notes.txt', 'logs/mine.txt', 'pki/ca-service/ca.key');
		requireStateDirectory(state);
	});
});
