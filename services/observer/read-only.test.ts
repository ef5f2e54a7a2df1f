import assert from 'node:assert/strict';
import { type ActionSettings, readOnlyReason } from './read-only.ts';

const local: ActionSettings = { kubeconfig: {}, allowActions: 'local', listenAddress: '127.0.0.1' };

describe('a read-only page', () => {
	for (const [name, changed, because] of [
		['offers actions on 127.0.0.1', {}, undefined],
		['offers actions on another address by the setting', { listenAddress: '::', allowActions: 'true' }, undefined],
		['names the address that others can reach', { listenAddress: '192.0.2.1' }, 'address'],
		['names the default of Docker Compose', { listenAddress: '0.0.0.0', allowActions: 'false' }, 'compose'],
		['names the option of npm start', { allowActions: 'false' }, 'option'],
		['names the missing kubeconfig', { kubeconfig: undefined, allowActions: 'true' }, 'no-kubeconfig'],
	] as const)
		it(name, () => assert.equal(readOnlyReason({ ...local, ...changed })?.because, because));
});
