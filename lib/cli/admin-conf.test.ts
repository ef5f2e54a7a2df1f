import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findAdminConf } from './admin-conf.ts';

describe('the kubeconfig of a mesh on this machine', () => {
	it('is that of the cluster of a JoinConfiguration, and of no other', () => {
		const state = mkdtempSync(join(tmpdir(), 'kubejoin-state-'));
		try {
			const joinConfig = join(state, 'join.yaml');
			assert.equal(findAdminConf(joinConfig), undefined);
			mkdirSync(join(state, 'pki/admin'), { recursive: true });
			writeFileSync(join(state, 'pki/admin/admin.conf'), '');
			assert.equal(findAdminConf(joinConfig), join(state, 'pki/admin/admin.conf'));
		} finally {
			rmSync(state, { recursive: true });
		}
	});
});
